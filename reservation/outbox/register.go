package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/upstream"
)

// Register is the eligibility system where it is not asked during a booking.
type Register interface {
	Report(ctx context.Context, number string, r upstream.Report) (upstream.Verdict, error)
}

// Registration tells the register who has booked, where eligibility is imported,
// and compares: the register says what it thinks of the person now. A booking
// that it would have refused stands, because it was acknowledged; it is counted
// and named in the log, for people to look into.
//
// It reports a booking as it is now, so repeating an event does no harm.
type Registration struct {
	Register Register
	Bookings Bookings
	Sealer   *ledger.Sealer
	Disputed prometheus.Counter
	Logger   *slog.Logger
}

// NewDisputed registers the count of bookings that the register would have
// refused.
func NewDisputed(reg prometheus.Registerer) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "sunbeon_eligibility_disputed_total", Help: "Bookings made by an imported roster that the register would have refused.",
	})
	reg.MustRegister(c)
	return c
}

// Deliver implements [Sink].
func (w *Registration) Deliver(ctx context.Context, e booking.Event) error {
	if e.Kind != booking.Booked && e.Kind != booking.Undone {
		return nil // the register knows nothing of places and times
	}
	b, err := w.Bookings.Find(ctx, e.Serial)
	if errors.Is(err, ledger.ErrNotFound) {
		return fmt.Errorf("event without a booking: %w", ErrRefused)
	}
	if err != nil {
		return err
	}
	person, err := w.Sealer.Open(b.Person, b.Sealed)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	verdict, err := w.Register.Report(ctx, string(b.Number()), upstream.Report{
		Applicant: upstream.Applicant{CI: person.CI, Birth: person.Birth, Cohort: b.Cohort}, Live: b.Live,
	})
	if err != nil {
		return settled("report to the register", err)
	}
	if e.Kind == booking.Booked && b.Live && !verdict.Eligible {
		w.Disputed.Inc()
		w.Logger.Warn("booking that the register would have refused", "number", string(b.Number()), "reason", verdict.Reason)
	}
	return nil
}
