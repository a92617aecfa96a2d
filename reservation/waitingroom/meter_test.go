package waitingroom_test

import (
	"cmp"
	"errors"
	"slices"
	"testing"

	"sunbeon/reservation/waitingroom"
)

// After an outage a thousand called people come back at once, highest turn
// first. They must be let in at 1.5 λ, lowest turn first, and all of them by
// the times they are told.
func TestClaimsAfterAnOutageAreMetered(t *testing.T) {
	const people, rate = 1000, 100
	c := arrivalCohort
	room, _ := called(t, c, people, rate)
	// Called to the last, and then on at the same rate.
	now := int64(noon + 10_000)
	adopt(t, room, 2, people, rate, now)

	type visit struct{ turn, at int64 }
	var visits []visit
	for turn := int64(people); turn >= 1; turn-- {
		visits = append(visits, visit{turn, now})
	}
	var order []visit
	for len(visits) > 0 {
		slices.SortStableFunc(visits, func(a, b visit) int { return cmp.Compare(a.at, b.at) })
		v := visits[0]
		visits = visits[1:]
		_, err := room.Claim(tagOf(uint64(v.turn)), waitingroom.PassID{byte(v.turn), byte(v.turn >> 8)}, v.at)
		var metered *waitingroom.MeteredError
		switch {
		case err == nil:
			order = append(order, v)
		case errors.As(err, &metered) && metered.RetryAfterMS > 0:
			visits = append(visits, visit{v.turn, v.at + metered.RetryAfterMS})
		default:
			t.Fatalf("claim of turn %d: %v", v.turn, err)
		}
		if len(order) > 0 && v.at > now+20_000 {
			t.Fatalf("only %d of %d let in after 20 s", len(order), people)
		}
	}
	perSecond := map[int64]int{}
	for _, v := range order {
		perSecond[(v.at-now)/1000]++
	}
	for second, n := range perSecond {
		// The bucket holds a second's worth at the start.
		if limit := rate*3/2 + 1; second > 0 && n > limit {
			t.Errorf("%d let in in second %d, limit %d", n, second, limit)
		}
	}
	// Those the full bucket let in at once came in reverse; the rest are in
	// order, but for what a millisecond of rounding can swap.
	rest := order[rate*3/2:]
	for i := 1; i < len(rest); i++ {
		if rest[i].turn < rest[i-1].turn-2 {
			t.Fatalf("turn %d let in after turn %d", rest[i].turn, rest[i-1].turn)
		}
	}
	if got := room.Counts(now + 30_000).Asking; got != 0 {
		t.Errorf("%d still asking", got)
	}
}

// At a rate of next to nothing people are told to come back within 15 s, not
// in hours: rates rise again. Until then all of them count as asking, also who
// asks for another pass.
func TestNobodyIsSentAwayForHours(t *testing.T) {
	const people = 100
	c := arrivalCohort
	c.PassMS = 1_000
	room, _ := called(t, c, people, people)
	now := int64(noon + 10_000)
	adopt(t, room, 2, people, people, now)
	claim(t, room, 1, 1, now)
	now += 2_500 // that pass has run out
	almostNothing := segment(c.ID, 3, people, 0, now)
	almostNothing.RateMilli = 13
	if _, err := room.Adopt(almostNothing, now); err != nil {
		t.Fatal(err)
	}
	claim(t, room, people, 2, now) // takes what the bucket holds
	for turn := uint64(1); turn < people; turn++ {
		var metered *waitingroom.MeteredError
		if _, err := room.Claim(tagOf(turn), passID(3), now); !errors.As(err, &metered) || metered.RetryAfterMS > 15_000 {
			t.Fatalf("turn %d: %v", turn, err)
		}
	}
	if got := room.Counts(now).Asking; got != people-1 {
		t.Errorf("%d are asking, want %d", got, people-1)
	}
}

// Someone who was told to wait and never came back holds nobody up for longer
// than their grace.
func TestTheAbsentAreForgotten(t *testing.T) {
	room, _ := called(t, arrivalCohort, 100, 1)
	now := int64(noon + 10_000)
	adopt(t, room, 2, 100, 1, now)
	claim(t, room, 50, 1, now) // takes the one token there is
	var metered *waitingroom.MeteredError
	for turn := uint64(1); turn <= 10; turn++ {
		if _, err := room.Claim(tagOf(turn), passID(2), now); !errors.As(err, &metered) {
			t.Fatalf("turn %d: %v", turn, err)
		}
	}
	if _, err := room.Claim(tagOf(60), passID(3), now); !errors.As(err, &metered) || metered.Ahead != 10 {
		t.Fatalf("turn 60: %v", err)
	}
	claim(t, room, 60, 3, now+20_000)
}

// A second pass comes after all first ones.
func TestClaimingAgainComesAfterFirstClaims(t *testing.T) {
	c := arrivalCohort
	c.PassMS = 1_000
	room, _ := called(t, c, 100, 1)
	now := int64(noon + 10_000)
	adopt(t, room, 2, 100, 1, now)
	claim(t, room, 1, 1, now)
	now += 2_500 // the pass has run out
	claim(t, room, 90, 2, now)
	var metered *waitingroom.MeteredError
	if _, err := room.Claim(tagOf(80), passID(3), now); !errors.As(err, &metered) || metered.Ahead != 0 {
		t.Fatalf("first claim: %v", err)
	}
	if _, err := room.Claim(tagOf(1), passID(4), now); !errors.As(err, &metered) || metered.Ahead != 1 {
		t.Fatalf("claim again: %v", err)
	}
}
