package outbox

import (
	"context"
	"errors"
	"fmt"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/upstream"
)

// Stock is the system that counts doses.
type Stock interface {
	Reserve(ctx context.Context, r upstream.Reservation) error
	Release(ctx context.Context, key string) error
}

// WriteBack brings the stock system up to what the ledger holds. It is the whole
// of the stock system's part where stock is imported, and gives back what
// changes and cancellations left behind where it is asked during the booking.
//
// It looks at the booking as it is now, so that repeating an event, or coming to
// an old one late, does no harm.
type WriteBack struct {
	Stock    Stock
	Bookings Bookings
	// AskedBefore says that doses were reserved before the booking was made, so
	// that only what it left behind is to do.
	AskedBefore bool
	// Reservation describes what a course that begins in a slot needs.
	Reservation func(first booking.SlotID) (upstream.Reservation, bool)
}

// Deliver implements [Sink].
func (w *WriteBack) Deliver(ctx context.Context, e booking.Event) error {
	if e.Freed != "" {
		if err := w.Stock.Release(ctx, e.Freed); err != nil {
			return settled("release", err)
		}
	}
	if w.AskedBefore {
		return nil
	}
	b, err := w.Bookings.Find(ctx, e.Serial)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return fmt.Errorf("event without a booking: %w", ErrRefused)
	case err != nil:
		return err
	case !b.Live || b.Hold == "":
		return nil
	}
	r, ok := w.Reservation(b.Slots[0])
	if !ok {
		return fmt.Errorf("slot %d is not known yet", b.Slots[0])
	}
	r.Key = b.Hold
	return settled("reserve", w.Stock.Reserve(ctx, r))
}

// settled makes a definite no of the stock system final: it is for people to
// look into, and must not hold up everybody behind.
func settled(what string, err error) error {
	var no *upstream.Refusal
	if errors.As(err, &no) {
		return fmt.Errorf("%s: %w: %w", what, ErrRefused, err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
