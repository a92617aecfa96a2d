package waitingroom_test

import (
	"errors"
	"testing"

	"sunbeon/reservation/waitingroom"
)

// Trick: leave the line open over an idle night, so that the number runs up
// and whoever comes first in the morning walks straight in.
func TestStoryIdleNightThenRush(t *testing.T) {
	room, journal := openRoom(t, arrivalCohort)
	const rate, night = 100, 8 * 3600
	move(t, room, waitingroom.Open, noon)
	for s := int64(0); s < night; s += 5 {
		adoptFairly(t, room, s/5+1, room.Serving(noon+s*1000), rate, noon+s*1000)
	}
	morning := int64(noon + night*1000)
	if open := room.Serving(morning); open > 2*rate {
		t.Fatalf("after an idle night the door stands open for %d people", open)
	}
	for p := uint64(1); p <= 5000; p++ {
		join(t, room, p, 1)
	}
	adoptFairly(t, room, night/5+1, room.Serving(morning), rate, morning)
	if called := room.Serving(morning + 1000); called > 3*rate {
		t.Errorf("%d called a second into the rush, at %d a second", called, rate)
	}
	if err := audit(t, journal.records); err != nil {
		t.Error(err)
	}
}

// A gate is down for ten minutes with a hundred thousand people called. Nobody
// loses their place or their pass, and the wave after it is metered.
func TestStoryTenMinuteOutageWith100000Called(t *testing.T) {
	const people, rate, outageMS = 100_000, 500, 600_000
	c := arrivalCohort
	c.PassMS = 300_000
	room, _ := openRoom(t, c)
	for p := uint64(1); p <= people; p++ {
		join(t, room, p, 1)
	}
	move(t, room, waitingroom.Open, noon)
	adopt(t, room, 1, people, rate, noon)
	before := claim(t, room, 1, 1, noon+1000)
	down := int64(noon + 2000)
	up := down + outageMS
	if _, err := room.Outage(down, up); err != nil {
		t.Fatal(err)
	}
	adopt(t, room, 2, people, rate, up)
	if again := claim(t, room, 1, 99, up+1000); again.ID != before.ID || again.ExpiresMS-before.ExpiresMS != outageMS {
		t.Errorf("pass before the outage %+v, after it %+v", before, again)
	}
	// Everybody comes back at once and then when told.
	retry := make([]int64, people+1)
	let, last := 1, int64(0)
	for now := up + 1000; let < people; now += 1000 {
		inSecond := 0
		adopt(t, room, 2+(now-up)/1000, people, rate, now)
		for turn := int64(2); turn <= people; turn++ {
			if retry[turn] < 0 || retry[turn] > now {
				continue
			}
			_, err := room.Claim(tagOf(uint64(turn)), waitingroom.PassID{byte(turn), byte(turn >> 8), byte(turn >> 16)}, now)
			var metered *waitingroom.MeteredError
			switch {
			case err == nil:
				retry[turn] = -1
				let, inSecond, last = let+1, inSecond+1, max(last, turn)
			case errors.As(err, &metered):
				retry[turn] = now + metered.RetryAfterMS
			default:
				t.Fatalf("claim of turn %d: %v", turn, err)
			}
		}
		if inSecond > rate*3/2+1 {
			t.Fatalf("%d let in within a second, at a rate of %d", inSecond, rate)
		}
		if elapsed := (now - up) / 1000; elapsed > people/rate {
			t.Fatalf("%d of %d let in after %d s", let, people, elapsed)
		}
	}
	if booked := room.Counts(up + 400_000).Claimed; booked != people {
		t.Errorf("%d of %d claimed", booked, people)
	}
}

// A gate is cut off from the control plane while the rate is cut: it goes on
// for the lease at most, then slows down by itself towards the floor.
func TestStoryGateCutOffWhileTheRateIsCut(t *testing.T) {
	room, _ := openRoom(t, arrivalCohort)
	move(t, room, waitingroom.Open, noon)
	s := segment("arrival", 1, 0, 100, noon)
	s.FloorMilli = 2_000
	if _, err := room.Adopt(s, noon); err != nil {
		t.Fatal(err)
	}
	atLease := room.Serving(s.Until)
	if atLease != 1000 {
		t.Fatalf("serving %d at the end of the lease", atLease)
	}
	// What the decay may add: (λ−f)·τ, and the floor.
	if got := room.Serving(s.Until + 60_000); got > atLease+98*5+2*60+1 {
		t.Errorf("serving %d a minute after the lease", got)
	}
	if rate := room.RateMilli(s.Until + 60_000); rate > 2_100 {
		t.Errorf("still %d a second in thousandths, a minute after the lease", rate)
	}
}

// Trick: set the control plane's clock 20 seconds ahead or back, so that the
// gates call as if those seconds had passed.
func TestStoryControlPlaneClock20SecondsOff(t *testing.T) {
	for _, off := range []int64{-20_000, 20_000} {
		room, _ := openRoom(t, arrivalCohort)
		move(t, room, waitingroom.Open, noon)
		adopt(t, room, 1, 0, 100, noon)
		shown := room.Serving(noon + 5000)
		if _, err := room.Adopt(segment("arrival", 2, 400, 100, noon+5000+off), noon+5000); !errors.Is(err, waitingroom.ErrSegment) {
			t.Errorf("a segment %d ms off: %v", off, err)
		}
		if got := room.Serving(noon + 5000); got != shown {
			t.Errorf("%d ms off moved the number from %d to %d", off, shown, got)
		}
	}
}
