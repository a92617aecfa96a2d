package outbox_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/outbox"
	"sunbeon/reservation/upstream"
)

// changes is a stock system that tells one change a page.
type changes struct {
	list []upstream.Supply
	err  error
}

func (c *changes) Supplies(_ context.Context, after int64) ([]upstream.Supply, bool, error) {
	if c.err != nil {
		return nil, false, c.err
	}
	for i, change := range c.list {
		if change.Number > after {
			return []upstream.Supply{change}, i+1 < len(c.list), nil
		}
	}
	return nil, false, nil
}

// What institutions change outside is followed: places grow at once, shrink as
// far as nobody holds them and by the rest when people leave, also when another
// process takes over; what was withdrawn since does not come back.
func TestStockChangesAreFollowedWithoutOverbooking(t *testing.T) {
	h := newHouse(t, func(int64) int { return http.StatusOK })
	for i := range 4 {
		h.do(t, book(i))
	}
	stock := &changes{}
	follower := func(holder string) *outbox.Supplies {
		return &outbox.Supplies{
			Holder: holder, Ledger: h.store, Stock: stock, Logger: slog.New(slog.DiscardHandler),
			Slot: func(c upstream.Supply) (booking.Slot, bool) {
				catalog, _, err := h.store.Catalog(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range catalog.Slots {
					if s.Institution.String() == c.Institution && s.Start.Clock() == c.Time {
						return s, true
					}
				}
				return booking.Slot{}, false
			},
		}
	}
	poll := func(s *outbox.Supplies) {
		t.Helper()
		if err := s.Poll(t.Context()); err != nil {
			t.Error(err)
		}
	}
	capacity := func(what string, first, second int) {
		t.Helper()
		catalog, _, err := h.store.Catalog(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]int{catalog.Slots[0].Capacity, catalog.Slots[1].Capacity}; got != [2]int{first, second} {
			t.Errorf("%s: places %v, want %d and %d", what, got, first, second)
		}
		if a, err := h.store.Audit(t.Context()); err != nil || a.Overbooked+a.Miscounted != 0 {
			t.Errorf("%s: audit %+v, %v", what, a, err)
		}
	}
	say := func(number int64, clock string, places int) {
		stock.list = append(stock.list, upstream.Supply{Number: number, Institution: "1", Vaccine: "mRNA", Date: "1970-01-01", Time: clock, Places: places})
	}
	s := follower("one")
	say(5, "00:00", 2)
	say(6, "01:00", 7)
	say(7, "23:00", 9) // nobody knows that slot
	poll(s)
	capacity("four hold places, two are left", 4, 7)

	cancel := func(serial int64) {
		t.Helper()
		h.do(t, booking.Request{Kind: booking.Cancel, Key: "c", Person: book(int(serial - 1)).Person, Serial: serial, TimeMS: 2})
	}
	cancel(1)
	poll(s)
	capacity("one has left", 3, 7)

	if _, mine, err := h.store.Follow(t.Context(), "supplies", "two", 1<<60, 1<<61); err != nil || !mine {
		t.Fatal("the lease did not pass on", err)
	}
	if err := h.store.Withdraw(t.Context(), []booking.SlotID{2}, 9); err != nil {
		t.Fatal(err)
	}
	cancel(2)
	poll(s)
	capacity("the old process does nothing any more", 3, 0)
	two := follower("two")
	poll(two)
	capacity("the new one goes on with what is owed, and leaves what was withdrawn", 2, 0)

	say(8, "01:00", 3)
	stock.err = errDown
	if err := two.Poll(t.Context()); !errors.Is(err, errDown) {
		t.Errorf("while stock is down: %v", err)
	}
	capacity("nothing known, nothing changed", 2, 0)
	stock.err = nil
	poll(two)
	capacity("given again after the withdrawal", 2, 3)
}

// What institutions change before the slots are known is not passed over.
func TestChangesWaitForTheSlots(t *testing.T) {
	h := newHouse(t, func(int64) int { return http.StatusOK })
	known := errors.New("no slots have been imported")
	s := &outbox.Supplies{
		Holder: "was-1", Ledger: h.store, Logger: slog.New(slog.DiscardHandler),
		Stock: &changes{list: []upstream.Supply{{Number: 7, Institution: "1", Time: "00:00", Places: 3}}},
		Slot: func(upstream.Supply) (booking.Slot, bool) {
			return booking.Slot{ID: 1, Capacity: 1000}, known == nil
		},
		Ready: func() error { return known },
	}
	if err := s.Poll(t.Context()); !errors.Is(err, known) {
		t.Errorf("before the import: %v", err)
	}
	known = nil
	if err := s.Poll(t.Context()); err != nil {
		t.Error(err)
	}
	if c, _, err := h.store.Catalog(t.Context()); err != nil || c.Slots[0].Capacity != 3 {
		t.Errorf("after it: %+v, %v", c.Slots[0], err)
	}
}
