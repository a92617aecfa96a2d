package ledgertest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// withdrawal checks that a slot taken off keeps its people until they leave,
// takes nobody in, tells each holder once, and can be brought back.
func withdrawal(t *testing.T, h Harness) {
	l := start(t, h, 1)[0]
	for i := range 2 {
		want(t, "booking", l.do(t, book(person(i), "k")), booking.Done)
	}
	for range 2 {
		if err := l.Withdraw(t.Context(), []booking.SlotID{first, second}, 77); err != nil {
			t.Fatal(err)
		}
	}
	want(t, "booking a withdrawn slot", l.do(t, book(person(9), "k")), booking.SlotTaken)
	events, err := l.Events(t.Context(), 0, 100)
	if err != nil || len(events) != 4 {
		t.Fatalf("events %+v, %v", events, err)
	}
	for i, e := range events[2:] {
		want := booking.Event{ID: e.ID, Kind: booking.Withdrawn, Serial: int64(i + 1), Cohort: "tenth-9", Slots: []booking.SlotID{first, second}, TimeMS: 77}
		if diff := cmp.Diff(want, e); diff != "" {
			t.Errorf("event (-want +got):\n%s", diff)
		}
	}
	c, _, err := l.Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range c.Slots {
		withdrawn := s.ID == first || s.ID == second
		if (s.WithdrawnMS == 77) != withdrawn || withdrawn && s.Capacity != 2 {
			t.Errorf("slot after the withdrawal: %+v", s)
		}
	}
	move := booking.Request{Kind: booking.Change, Key: "m", Person: person(0), Serial: 1, First: first + 1, Second: []booking.SlotID{second + 1}}
	want(t, "a holder moves away", l.do(t, move), booking.Done)
	want(t, "booking what they left", l.do(t, book(person(8), "k")), booking.SlotTaken)
	if _, err := l.SetCapacities(t.Context(), map[booking.SlotID]int{first: 5}); err != nil {
		t.Fatal(err)
	}
	if c, _, err := l.Catalog(t.Context()); err != nil || c.Slots[0].ID != first || c.Slots[0].WithdrawnMS != 0 || c.Slots[0].Capacity != 5 {
		t.Errorf("a slot brought back: %+v, %v", c.Slots[0], err)
	}
	sound(t, l, 2)
}

// supply checks that an institution's changes are followed without overbooking:
// places that people hold go only when they have left.
func supply(t *testing.T, h Harness) {
	open := start(t, h, 2)
	l, other := open[0], open[1]
	for i := range 4 {
		want(t, "booking", l.do(t, book(person(i), "k")), booking.Done)
	}
	_, version, err := l.Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, point, err := other.Counts(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	set := func(n int) []booking.SlotID {
		t.Helper()
		surplus, err := l.SetCapacities(t.Context(), map[booking.SlotID]int{first: n})
		if err != nil {
			t.Fatal(err)
		}
		return surplus
	}
	if diff := cmp.Diff([]booking.SlotID{first}, set(3)); diff != "" {
		t.Errorf("surplus of 4 people in 3 places (-want +got):\n%s", diff)
	}
	want(t, "booking a withdrawn place", other.do(t, book(person(9), "k")), booking.SlotTaken)
	narrow := catalog().Slots[0]
	narrow.Capacity = 4
	news, err := other.Supplied(t.Context(), version)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(ledger.Supply{Version: version + 1, Slots: []booking.Slot{narrow}}, news); diff != "" {
		t.Errorf("what another process reads of the change (-want +got):\n%s", diff)
	}
	counts, _, err := other.Counts(t.Context(), point)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]ledger.Count{{Slot: first, Free: 0}}, counts); diff != "" {
		t.Errorf("what another process counts of the change (-want +got):\n%s", diff)
	}
	holders, err := l.Holders(t.Context(), []booking.SlotID{first})
	if err != nil || len(holders) != 4 || len(holders[0].Sealed) == 0 {
		t.Fatalf("holders %+v, %v", holders, err)
	}
	want(t, "cancel", l.do(t, booking.Request{Kind: booking.Cancel, Key: "c", Person: holders[0].Person, Serial: holders[0].Serial}), booking.Done)
	if surplus := set(3); len(surplus) != 0 {
		t.Errorf("surplus after one has left: %v", surplus)
	}
	want(t, "booking the place given up", other.do(t, book(person(9), "again")), booking.SlotTaken)
	set(9)
	want(t, "booking a new place", other.do(t, book(person(9), "and again")), booking.Done)
	_, version, err = l.Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	set(9)
	if news, err := l.Supplied(t.Context(), version); err != nil || news.Version != version {
		t.Errorf("nothing changed, but the catalog went from version %d to %d, %v", version, news.Version, err)
	}
	if _, err := l.SetCapacities(t.Context(), map[booking.SlotID]int{4711: 1}); err == nil {
		t.Error("an unknown slot got places")
	}
	sound(t, l, 4)
}
