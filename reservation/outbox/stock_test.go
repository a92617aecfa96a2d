package outbox_test

import (
	"context"
	"errors"
	"fmt"
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
	odd  string // the key at which it always fails
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

// fails is what the stock system does to a key.
func (s *shelves) fails(key string) error {
	switch {
	case s.down:
		return &upstream.Error{System: upstream.SystemStock, Kind: upstream.ErrDown, Cause: errDown}
	case s.odd == key:
		return &upstream.Error{System: upstream.SystemStock, Kind: upstream.ErrUnknown, Cause: errors.New("odd")}
	}
	return nil
}

func (s *shelves) Reserve(_ context.Context, r upstream.Reservation) error {
	if err := s.fails(r.Key); err != nil {
		return err
	}
	if _, err := s.Warehouse.Reserve(legacy.Reservation(r)); err != nil {
		return &upstream.Refusal{System: upstream.SystemStock, Code: upstream.CodeReleased, Detail: err.Error()}
	}
	return nil
}

func (s *shelves) Release(_ context.Context, key string) error {
	if err := s.fails(key); err != nil {
		return err
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

func TestReconcilerBringsStockToWhatTheLedgerHolds(t *testing.T) {
	h := newHouse(t, func(int64) int { return http.StatusOK })
	stock := newShelves(t)
	for _, key := range []string{"booked", "orphan 1", "orphan 2", "orphan 3"} {
		if err := stock.Reserve(t.Context(), upstream.Reservation{Key: key, Institution: "1", Vaccine: "mRNA", Doses: 1}); err != nil {
			t.Fatal(err)
		}
	}
	booked, away, refused := book(1), book(2), book(3)
	booked.Hold, away.Hold, refused.Hold = "booked", "made while stock was away", "given back by stock"
	if err := stock.Release(t.Context(), refused.Hold); err != nil {
		t.Fatal(err)
	}
	h.do(t, booked, away, refused)
	now := time.UnixMilli(booked.TimeMS)
	r := &outbox.Reconciler{
		Ledger: h.store, Stock: stock, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now },
		Reservation: h.writeBack(stock).Reservation,
	}
	compare := func(want outbox.Differences) {
		t.Helper()
		got, err := r.Compare(t.Context())
		if err != nil || got != want {
			t.Errorf("found %+v, %v, want %+v", got, err, want)
		}
	}
	compare(outbox.Differences{}) // reservations and bookings may be on their way
	now = time.Now().Add(time.Hour)
	stock.down = true
	if _, err := r.Compare(t.Context()); !errors.Is(err, errDown) {
		t.Errorf("while stock is down: %v", err)
	}
	stock.down = false
	compare(outbox.Differences{Orphans: 3, Late: 1, Missing: 1})
	compare(outbox.Differences{Missing: 1})
	for _, hold := range []string{booked.Hold, away.Hold} {
		if _, ok := stock.Lookup(hold); !ok {
			t.Errorf("a live booking stands on %q, which is not held", hold)
		}
	}
}

// People who book wait for the same stock system.
func TestTheReconcilerKeepsItsPace(t *testing.T) {
	h := newHouse(t, func(int64) int { return http.StatusOK })
	stock := newShelves(t)
	for i := range 5 {
		r := book(i)
		r.Hold = fmt.Sprint("hold ", i)
		h.do(t, r)
	}
	r := &outbox.Reconciler{
		Ledger: h.store, Stock: stock, Logger: slog.New(slog.DiscardHandler), Reservation: h.writeBack(stock).Reservation, Pace: 20,
	}
	began := time.Now()
	got, err := r.Compare(t.Context())
	if want := (outbox.Differences{Late: 5}); err != nil || got != want {
		t.Errorf("found %+v, %v, want %+v", got, err, want)
	}
	if took := time.Since(began); took < 190*time.Millisecond {
		t.Errorf("5 reservations in %v, want 50 ms between them", took)
	}
}

// A reservation that the stock system fails at whenever it comes holds up no others.
func TestTheReconcilerGoesRoundWhatFails(t *testing.T) {
	h := newHouse(t, func(int64) int { return http.StatusOK })
	stock := newShelves(t)
	later := func() time.Time { return time.Now().Add(time.Hour) }
	r := &outbox.Reconciler{
		Ledger: h.store, Stock: stock, Logger: slog.New(slog.DiscardHandler), Reservation: h.writeBack(stock).Reservation, Now: later,
	}
	for i := range 20 {
		b := book(i)
		b.Hold = fmt.Sprint("hold ", i)
		h.do(t, b)
	}
	stock.odd = "hold 7"
	if got, err := r.Compare(t.Context()); err != nil || got != (outbox.Differences{Late: 19, Missing: 1}) {
		t.Errorf("a booking: %+v, %v", got, err)
	}
	for _, key := range []string{"orphan 1", "orphan 2"} {
		if err := stock.Reserve(t.Context(), upstream.Reservation{Key: key, Institution: "1", Vaccine: "mRNA", Doses: 1}); err != nil {
			t.Fatal(err)
		}
	}
	stock.odd = "orphan 1"
	if got, err := r.Compare(t.Context()); err != nil || got != (outbox.Differences{Late: 1, Orphans: 1}) {
		t.Errorf("an orphan: %+v, %v", got, err)
	}
}
