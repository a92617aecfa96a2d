package steering_test

import (
	"testing"

	"sunbeon/controlplane/steering"
)

// Half the WAS froze, the people on them asked for nothing more, and the rate
// rose because people seemed to want less.
func TestAFrozenHalfOfThePoolRaisesNothing(t *testing.T) {
	b := newBooth()
	b.capacity = 200
	before := b.play(90, false)
	b.rates()
	b.running, b.frozen = 1, 0.5
	for range 14 {
		if rate := b.play(1, false); rate > 1.001*before {
			t.Fatalf("%.1f rose to %.1f with half of the WAS frozen", before, rate)
		}
	}
	for _, d := range b.rates() {
		if d.Action == steering.ActionRaise {
			t.Errorf("raised %v → %v: %s", d.From, d.To, d.Because.En)
		}
	}
}

// WAS that never come back must not hold the rate down for ever.
func TestWASThatStayLostAreGivenUp(t *testing.T) {
	b := newBooth()
	b.play(60, false)
	b.running = 1
	b.step(false, func(in *steering.Inputs) { in.Pause = true })
	if rate := b.play(60, false); rate < 50 {
		t.Errorf("a minute after half of the WAS were lost the rate is %.1f", rate)
	}
}

// The rates of the last seconds still came from both: read as one WAS's, they
// would have made each look twice as able.
func TestALostWASDoesNotMakeTheOthersLookStronger(t *testing.T) {
	b := newBooth()
	b.play(60, false)
	was := b.indexOf(t, "was")
	before := b.state.Estimates[was].Proved
	b.running = 1
	b.play(4, false)
	if now := b.state.Estimates[was].Proved; now > 1.05*before {
		t.Errorf("one WAS was proved to do %.1f/s, and after the other was lost %.1f/s", before, now)
	}
}

// What was held back while the WAS were too few was still held back when more of
// them had come, and called for yet more.
func TestMoreWASEndWhatWasHeldBackForThem(t *testing.T) {
	b := newBooth()
	b.play(60, false)
	was := b.indexOf(t, "was")
	b.state.Estimates[was].Press = 0.1
	b.step(false, nil)
	if b.state.Estimates[was].Press == 0 {
		t.Fatal("nothing came, nothing is held back")
	}
	b.running++
	b.step(false, nil)
	if press := b.state.Estimates[was].Press; press > 0.01 {
		t.Errorf("%.2f held back with one more WAS", press)
	}
}
