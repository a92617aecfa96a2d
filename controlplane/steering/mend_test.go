package steering

import "testing"

// slow is a resource that did 500 at 0.08 s and now does half of it, in 0.16 s.
func slow() *estimate {
	return &estimate{Best: 500, Quick: 0.08, Believed: 250, Usual: 0.16, CalmMS: quickenAfterMS, DeadMS: 60_000}
}

// A window of calm that ended just then took the new latency for the usual one, and
// half an hour later the capacity was still taken for what it had been.
func TestAMendIsSeenWheneverItComes(t *testing.T) {
	for before := range 2 * usualLooks {
		e := slow()
		for range before {
			e.quicken(0.16)
		}
		for range strikesNeeded {
			e.quicken(0.08)
		}
		if e.Believed < 450 {
			t.Errorf("%d scrapes before it: %.0f believed after the mend", before, e.Believed)
		}
	}
}

// Latency falls when a queue ends. That passed for a mend, and the rate went up by
// half into a system that could do no more than before.
func TestTheEndOfAQueueIsNoMend(t *testing.T) {
	e := slow()
	e.Usual = 0.4 // for it was never without a queue
	for range 2 * usualLooks {
		e.quicken(0.16)
	}
	if e.Believed > 1.1*250 {
		t.Errorf("%.0f believed of one that does 250", e.Believed)
	}
}

func TestWhoWasNeverSeenAtItsBestMayDoAnything(t *testing.T) {
	e := &estimate{Believed: 100, Usual: 0.4, CalmMS: quickenAfterMS, Best: 150, DeadMS: 60_000}
	for range strikesNeeded {
		e.quicken(0.1)
	}
	if e.Believed != 150 {
		t.Errorf("%.0f believed, 150 was seen", e.Believed)
	}
}
