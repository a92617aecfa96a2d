package outbox

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/upstream"
)

// Holdings is what the reconciler compares with the stock system.
type Holdings interface {
	Live(ctx context.Context) iter.Seq2[booking.Booking, error]
	Find(ctx context.Context, serial int64) (booking.Booking, error)
	Follow(ctx context.Context, name, holder string, nowMS, untilMS int64) (after int64, mine bool, err error)
}

// StockList is the stock system with its own account.
type StockList interface {
	Stock
	List(ctx context.Context, from int) (held []upstream.Held, next int, err error)
}

// Reconciler compares the stock system's reservations with the bookings that
// stand on them. What nobody stands on, because a server died between reserving
// and booking, is given back. What is missing is reserved: the stock system may have
// been away while bookings were made without it, and been asked again by servers
// that write nothing back. What it does not take even now is counted and named in
// the log: the person is booked, and people must find out what the stock system did.
// A stock system that is down ends a comparison; one at odds with a single
// reservation does not.
type Reconciler struct {
	Holder string
	Ledger Holdings
	Stock  StockList
	// Reservation describes what a course that begins in a slot needs.
	Reservation func(first booking.SlotID) (upstream.Reservation, bool)
	// Pace bounds how often a stock system that people wait for is asked to reserve
	// what is missing, a second; 0 does not.
	Pace    rate.Limit
	Metrics *ReconcilerMetrics // nil counts nothing
	Logger  *slog.Logger
	Now     func() time.Time // nil: the system's clock
}

// Differences are what one comparison found.
type Differences struct {
	Orphans int // reservations given back
	Late    int // reservations made for live bookings that had none
	Missing int // live bookings whose reservation the stock system does not have
}

const (
	reconcileEvery = time.Minute
	// settle is how old a reservation or booking is when it counts: longer than
	// any request, its retries and the writer's patience together, and than the
	// outbox takes to write a booking back.
	settle = 2 * time.Minute
	// What is missing is reserved a few at once and no longer than the lease lasts;
	// the next comparison goes on.
	reserveWithin  = time.Minute
	reserveAbreast = 4
)

// Run compares until ctx ends, in one of all processes at a time.
func (r *Reconciler) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(reconcileEvery):
		}
		now := time.Now()
		_, mine, err := r.Ledger.Follow(ctx, "reconciler", r.Holder, now.UnixMilli(), now.Add(3*reconcileEvery).UnixMilli())
		switch {
		case err == nil && mine:
			_, err = r.Compare(ctx)
		case err == nil: // whoever compares now tells what is missing
			r.Metrics.report(Differences{})
		}
		if err != nil && ctx.Err() == nil {
			r.Logger.Warn("reconcile stock", "error", err)
		}
	}
}

// Compare makes one comparison.
func (r *Reconciler) Compare(ctx context.Context) (Differences, error) {
	now := time.Now()
	if r.Now != nil {
		now = r.Now()
	}
	ripe := now.Add(-settle).UnixMilli()
	// The ledger first: what is booked while the list is read is too young to be
	// an orphan.
	wanted := map[string]standing{}
	for b, err := range r.Ledger.Live(ctx) {
		if err != nil {
			return Differences{}, fmt.Errorf("reconcile stock: %w", err)
		}
		if b.Hold != "" {
			wanted[b.Hold] = standing{b.Serial, b.SinceMS, b.Slots[0]}
		}
	}
	var d Differences
	for from := 0; ; {
		held, next, err := r.Stock.List(ctx, from)
		if err != nil {
			return d, fmt.Errorf("reconcile stock: %w", err)
		}
		for _, h := range held {
			if _, ok := wanted[h.Key]; ok {
				delete(wanted, h.Key)
				continue
			}
			if h.MadeMS >= ripe {
				continue
			}
			switch err := r.Stock.Release(ctx, h.Key); {
			case err == nil:
				d.Orphans++
			case errors.Is(err, upstream.ErrDown), ctx.Err() != nil:
				return d, fmt.Errorf("release orphan: %w", err)
			default:
				r.Logger.Warn("orphan not released", "hold", h.Key, "error", err)
			}
		}
		if from = next; from == 0 {
			break
		}
	}
	maps.DeleteFunc(wanted, func(_ string, s standing) bool { return s.sinceMS >= ripe })
	late, gone, err := r.reserve(ctx, wanted)
	d.Late, d.Missing = late, len(wanted)-late-gone
	r.Metrics.report(d)
	if err != nil {
		return d, fmt.Errorf("reserve what is missing: %w", err)
	}
	return d, nil
}

// reserve makes the reservations that live bookings lack, and returns for how many
// it did and how many bookings have gone meanwhile.
func (r *Reconciler) reserve(ctx context.Context, wanted map[string]standing) (late, gone int, err error) {
	ctx, cancel := context.WithTimeout(ctx, reserveWithin)
	defer cancel()
	var made, left atomic.Int64
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(reserveAbreast)
	limiter := rate.NewLimiter(rate.Inf, 1)
	if r.Pace > 0 {
		limiter.SetLimit(r.Pace)
	}
	for hold, s := range wanted {
		if limiter.Wait(ctx) != nil {
			break
		}
		work.Go(func() error {
			b, err := r.Ledger.Find(ctx, s.serial)
			switch {
			case ctx.Err() != nil:
				return nil
			case err != nil:
				return err
			case !b.Live || b.Hold != hold:
				left.Add(1)
				return nil
			}
			needed, ok := r.Reservation(s.first)
			if !ok {
				return nil // imported a moment ago: the next comparison knows it
			}
			needed.Key = hold
			err = r.Stock.Reserve(ctx, needed)
			var no *upstream.Refusal
			switch {
			case err == nil:
				made.Add(1)
			case errors.As(err, &no):
				r.Logger.Error("booking without stock", "number", string(booking.NumberOf(s.serial)), "code", no.Code)
			case ctx.Err() != nil: // the time is up
			case errors.Is(err, upstream.ErrDown):
				return err
			default:
				r.Logger.Warn("booking without stock yet", "number", string(booking.NumberOf(s.serial)), "error", err)
			}
			return nil
		})
	}
	err = work.Wait()
	if n := made.Load(); n > 0 {
		r.Logger.Warn("bookings had no stock and have it now", "bookings", n)
	}
	return int(made.Load()), int(left.Load()), err
}

// standing is a booking that stands on a reservation.
type standing struct {
	serial, sinceMS int64
	first           booking.SlotID
}

// ReconcilerMetrics are a reconciler's figures.
type ReconcilerMetrics struct {
	orphans prometheus.Counter
	missing prometheus.Gauge
}

// NewReconcilerMetrics registers them.
func NewReconcilerMetrics(reg prometheus.Registerer) *ReconcilerMetrics {
	m := &ReconcilerMetrics{
		orphans: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sunbeon_stock_orphans_total", Help: "Stock reservations given back because no booking stood on them.",
		}),
		missing: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "sunbeon_stock_missing", Help: "Live bookings whose reservation the stock system does not have.",
		}),
	}
	reg.MustRegister(m.orphans, m.missing)
	return m
}

func (m *ReconcilerMetrics) report(d Differences) {
	if m != nil {
		m.orphans.Add(float64(d.Orphans))
		m.missing.Set(float64(d.Missing))
	}
}
