package outbox_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/outbox"
	"sunbeon/reservation/upstream"
	"sunbeon/reservation/upstream/legacy"
)

// shelves are a stock system in memory, with the simulator's rules.
type shelves struct {
	*legacy.Warehouse
	down bool
}

func newShelves(t *testing.T) *shelves {
	t.Helper()
	w, err := legacy.OpenWarehouse("", 0)
	if err != nil {
		t.Fatal(err)
	}
	return &shelves{Warehouse: w}
}

var errDown = errors.New("down")

func (s *shelves) Reserve(_ context.Context, r upstream.Reservation) error {
	if s.down {
		return errDown
	}
	_, err := s.Warehouse.Reserve(legacy.Reservation(r))
	return err
}

func (s *shelves) Release(_ context.Context, key string) error {
	if s.down {
		return errDown
	}
	return s.Warehouse.Release(key)
}

func (s *shelves) List(_ context.Context, from int) (held []upstream.Held, next int, err error) {
	page := s.Warehouse.List(from, 2) // small pages, to go over their edges
	for _, h := range page.Reservations {
		held = append(held, upstream.Held(h))
	}
	return held, page.Next, nil
}

func (h *house) writeBack(stock *shelves) *outbox.WriteBack {
	return &outbox.WriteBack{
		Stock: stock, Bookings: h.store,
		Reservation: func(first booking.SlotID) (upstream.Reservation, bool) {
			return upstream.Reservation{Institution: first.String(), Vaccine: "mRNA", Date: "2021-08-26", Doses: 1}, true
		},
	}
}

// Whatever is repeated, and however late it comes, the stock system ends with
// what the ledger holds.
func TestWriteBackIsIdempotent(t *testing.T) {
	h := newHouse(t, func(int64) int { return http.StatusOK })
	stock := newShelves(t)
	held := func(r booking.Request, hold string) booking.Request { r.Hold = hold; return r }
	h.do(t, held(book(1), "one"), held(book(2), "two"), held(book(3), "three"))
	h.do(t,
		booking.Request{Kind: booking.Change, Key: "c", Person: book(1).Person, Serial: 1, First: 2, Hold: "one moved", TimeMS: 2},
		booking.Request{Kind: booking.Cancel, Key: "c", Person: book(2).Person, Serial: 2, TimeMS: 2})
	events, err := h.store.Events(t.Context(), 0, 100)
	if err != nil || len(events) != 5 {
		t.Fatal(events, err)
	}
	sink := h.writeBack(stock)
	for range 2 {
		for _, e := range events {
			if err := sink.Deliver(t.Context(), e); err != nil {
				t.Errorf("event %d: %v", e.ID, err)
			}
		}
	}
	if got := stock.Inventory(); got.Reservations != 2 {
		t.Errorf("stock holds %+v", got)
	}
	for _, key := range []string{"one moved", "three"} {
		if _, ok := stock.Lookup(key); !ok {
			t.Errorf("%q is not held", key)
		}
	}
	stock.down = true
	if err := sink.Deliver(t.Context(), events[4]); !errors.Is(err, errDown) || errors.Is(err, outbox.ErrRefused) {
		t.Errorf("while stock is down: %v", err)
	}
}

func TestReconcilerGivesBackWhatNobodyStandsOn(t *testing.T) {
	h := newHouse(t, func(int64) int { return http.StatusOK })
	stock := newShelves(t)
	for _, key := range []string{"booked", "orphan 1", "orphan 2", "orphan 3"} {
		if err := stock.Reserve(t.Context(), upstream.Reservation{Key: key, Institution: "1", Vaccine: "mRNA", Doses: 1}); err != nil {
			t.Fatal(err)
		}
	}
	booked, lied := book(1), book(2)
	booked.Hold, lied.Hold = "booked", "never arrived"
	h.do(t, booked, lied)
	now := time.Now()
	r := &outbox.Reconciler{Ledger: h.store, Stock: stock, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }}
	compare := func(want outbox.Differences) {
		t.Helper()
		got, err := r.Compare(t.Context())
		if err != nil || got != want {
			t.Errorf("found %+v, %v, want %+v", got, err, want)
		}
	}
	compare(outbox.Differences{Missing: 1}) // the reservations may belong to requests under way
	now = now.Add(time.Hour)
	compare(outbox.Differences{Orphans: 3, Missing: 1})
	compare(outbox.Differences{Missing: 1})
	if _, ok := stock.Lookup("booked"); !ok {
		t.Error("the reservation of a live booking was given back")
	}
}
