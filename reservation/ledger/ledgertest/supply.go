package ledgertest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// supply checks that an institution's changes are followed without overbooking:
// places that people hold go only when they have left.
func supply(t *testing.T, h Harness) {
	l := start(t, h, 1)[0]
	for i := range 4 {
		want(t, "booking", l.do(t, book(person(i), "k")), booking.Done)
	}
	_, version, err := l.Catalog(t.Context(), 0)
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
	want(t, "booking a withdrawn place", l.do(t, book(person(9), "k")), booking.SlotTaken)
	if c, v, err := l.Catalog(t.Context(), version); err != nil || v == version || c.Slots[0].Capacity != 4 {
		t.Errorf("catalog after the change: version %d after %d, %+v, %v", v, version, c.Slots, err)
	}
	holders, err := l.Holders(t.Context(), []booking.SlotID{first})
	if err != nil || len(holders) != 4 || len(holders[0].Sealed) == 0 {
		t.Fatalf("holders %+v, %v", holders, err)
	}
	want(t, "cancel", l.do(t, booking.Request{Kind: booking.Cancel, Key: "c", Person: holders[0].Person, Serial: holders[0].Serial}), booking.Done)
	if surplus := set(3); len(surplus) != 0 {
		t.Errorf("surplus after one has left: %v", surplus)
	}
	want(t, "booking the place given up", l.do(t, book(person(9), "again")), booking.SlotTaken)
	set(9)
	want(t, "booking a new place", l.do(t, book(person(9), "and again")), booking.Done)
	if _, err := l.SetCapacities(t.Context(), map[booking.SlotID]int{4711: 1}); err == nil {
		t.Error("an unknown slot got places")
	}
	sound(t, l, 4)
}

func accesses(t *testing.T, h Harness) {
	l := start(t, h, 1)[0]
	a := ledger.Access{TimeMS: 7, Account: "kim", Action: "withdraw", Reason: "clinic closed", Serials: []int64{1, 2}}
	if err := l.Accessed(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	got, err := l.Accesses(t.Context(), 2)
	a.Serials = []int64{2}
	if diff := cmp.Diff([]ledger.Access{a}, got); err != nil || diff != "" {
		t.Errorf("accesses (-want +got):\n%s %v", diff, err)
	}
}
