package ledgertest

import (
	"fmt"
	"testing"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// rush checks that a store that has seen nobody but strangers for a while, and may
// take the next for one as well, knows whom it knows.
func rush(t *testing.T, h Harness) {
	open := start(t, h, 2)
	l, other := open[0], open[1]
	if _, err := l.SetCapacities(t.Context(), map[booking.SlotID]int{first: 1000, second: 1000, first + 1: 1, second + 1: 1000}); err != nil {
		t.Fatal(err)
	}
	strangers := 0
	next := func() string { strangers++; return fmt.Sprint("stranger ", strangers) }
	at := func(slot booking.SlotID, person, key string) booking.Request {
		r := book(person, key)
		r.First, r.Second = slot, []booking.SlotID{slot + second - first}
		return r
	}
	commit := func(s ledger.Store, batch ...booking.Request) []booking.Outcome {
		t.Helper()
		outcomes, err := s.Commit(t.Context(), func() []booking.Request { return batch })
		if err != nil {
			t.Fatal(err)
		}
		return outcomes
	}
	f := func(what string, code booking.Code, r booking.Request) booking.Outcome {
		t.Helper()
		for range 8 {
			want(t, "a stranger", commit(l.Store, at(first, next(), "k"))[0], booking.Done)
		}
		mixed := commit(l.Store, at(first, next(), "k"), r)
		want(t, "a stranger beside "+what, mixed[0], booking.Done)
		want(t, what, mixed[1], code)
		return mixed[1]
	}
	mine := f("another stranger", booking.Done, at(first, "ann", "k"))
	if again := f("the same again", booking.Done, at(first, "ann", "k")); again.Serial != mine.Serial || !again.Replay {
		t.Errorf("the same again: %+v after %+v", again, mine)
	}
	f("somebody who has a booking", booking.AlreadyBooked, at(first, "ann", "other"))
	f("the first in a place", booking.Done, at(first+1, "bob", "k"))
	f("the second in a place", booking.SlotTaken, at(first+1, "cid", "k"))
	if _, err := other.SetCapacities(t.Context(), map[booking.SlotID]int{first + 1: 2}); err != nil {
		t.Fatal(err)
	}
	f("who was refused that, now that there is room", booking.SlotTaken, at(first+1, "cid", "k"))
	f("who asks anew", booking.Done, at(first+1, "cid", "new"))
	want(t, "at another server", commit(other.Store, at(first, "dan", "k"))[0], booking.Done)
	f("who is booked at another server", booking.AlreadyBooked, at(first, "dan", "other"))
	f("who cancels", booking.Done, booking.Request{Kind: booking.Cancel, Key: "c", Person: "ann", Serial: mine.Serial})
	f("who books again", booking.Done, at(first, "ann", "again"))
	sound(t, l, int64(strangers+4))
}
