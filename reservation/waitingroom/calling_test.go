package waitingroom_test

import (
	"errors"
	"testing"

	"sunbeon/reservation/waitingroom"
)

const noon = 1_800_000_000_000

func TestServingNeverMovesBack(t *testing.T) {
	room, _ := openRoom(t, arrivalCohort)
	if got := room.Serving(noon); got != 0 {
		t.Errorf("serving %d in the lobby", got)
	}
	move(t, room, waitingroom.Open, noon)
	adopt(t, room, 1, 0, 1000, noon)
	if got := room.Serving(noon + 1000); got != 1000 {
		t.Fatalf("serving %d after a second, want 1000", got)
	}
	// The control plane did not know how far the gate had come.
	adopt(t, room, 2, 500, 100, noon+1000)
	for step := int64(0); step <= 6000; step += 100 {
		want := max(1000, 500+step/10)
		if got := room.Serving(noon + 1000 + step); got != want {
			t.Fatalf("serving %d after %d ms, want %d", got, step, want)
		}
	}
	move(t, room, waitingroom.Paused, noon+7000)
	paused := room.Serving(noon + 7000)
	if got := room.Serving(noon + 9000); got != paused || paused != 1100 {
		t.Errorf("serving %d, then %d in a pause; want 1100", paused, got)
	}
}

func TestAdoptRefusesWhatItMustNotFollow(t *testing.T) {
	room, journal := openRoom(t, arrivalCohort)
	adopt(t, room, 5, 0, 10, noon)
	before := len(journal.records)
	for name, s := range map[string]struct{ number, t0 int64 }{
		"an older number":    {4, noon + 500},
		"a backdated start":  {6, noon - 500},
		"a clock far ahead":  {6, noon + 2_500},
		"a clock far behind": {6, noon + 400},
	} {
		nowMS := int64(noon + 1_000)
		if name == "a clock far behind" {
			nowMS = noon + 1_500
		}
		if _, err := room.Adopt(segment("arrival", s.number, 0, 10, s.t0), nowMS); !errors.Is(err, waitingroom.ErrSegment) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := room.Adopt(segment("other", 6, 0, 10, noon), noon); !errors.Is(err, waitingroom.ErrSegment) {
		t.Errorf("another cohort's segment: %v", err)
	}
	if _, err := room.Adopt(segment("arrival", 5, 0, 10, noon), noon+60_000); err != nil {
		t.Errorf("the segment in force again: %v", err)
	}
	if len(journal.records) != before {
		t.Errorf("%d records of refusals", len(journal.records)-before)
	}
}

func TestEstimateIsARangeAroundTheCall(t *testing.T) {
	room, _ := openRoom(t, arrivalCohort)
	if w := room.Estimate(1, noon); w.Known {
		t.Errorf("estimate in the lobby: %+v", w)
	}
	move(t, room, waitingroom.Open, noon)
	adopt(t, room, 1, 0, 100, noon)
	w := room.Estimate(60_000, noon)
	called := int64(noon + 600_000)
	if !w.Known || w.FromMS >= called || w.ToMS <= called || w.FromMS%60_000 != 0 || w.ToMS%60_000 != 0 {
		t.Errorf("turn called at %d is told %+v", called, w)
	}
	adopt(t, room, 2, 0, 0, noon+100)
	if w := room.Estimate(60_000, noon+100); w.Known {
		t.Errorf("estimate while nothing is called: %+v", w)
	}
}

func TestPollAdviceSpreadsTheLine(t *testing.T) {
	const rate = 500_000 // 500 turns a second
	var previous int64
	for _, ahead := range []int64{0, 2_500, 10_000, 80_000, 400_000, 10_000_000} {
		early := waitingroom.PollAdvice(ahead, rate, 0)
		late := waitingroom.PollAdvice(ahead, rate, 0.999)
		if early < previous || late <= early || late > early*3/2 {
			t.Errorf("%d ahead: poll after %d to %d ms, nearer ones after %d", ahead, early, late, previous)
		}
		previous = early
	}
	if table := waitingroom.PollTable(0); len(table) != 1 || table[0].Ahead != -1 {
		t.Errorf("table while nothing is called: %+v", table)
	}
}

// A line that was stopped while a gate was down must not go on under the
// segment before, however long ago that was; an old segment that calls is
// still refused.
func TestAStopIsFollowedHoweverOldItIs(t *testing.T) {
	room, journal := openRoom(t, arrivalCohort)
	for p := uint64(1); p <= 50; p++ {
		join(t, room, p, 1)
	}
	move(t, room, waitingroom.Open, noon)
	adoptFairly(t, room, 1, 0, 10, noon)
	const later = noon + 3_600_000
	calls := segment("arrival", 2, 10, 10, noon+1000)
	if _, err := room.Adopt(calls, later); !errors.Is(err, waitingroom.ErrSegment) {
		t.Errorf("a segment of an hour ago that calls: %v", err)
	}
	stop := calls
	stop.RateMilli, stop.Cap = 0, stop.Start
	if _, err := room.Adopt(stop, later); err != nil {
		t.Fatalf("a stop of an hour ago: %v", err)
	}
	if rate := room.RateMilli(later + 1); rate != 0 {
		t.Errorf("still calling at %d", rate)
	}
	if err := audit(t, journal.records); err != nil {
		t.Error(err)
	}
}
