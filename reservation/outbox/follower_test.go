package outbox_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/outbox"
)

// diary is the outbox of a ledger in memory, which can be told to fail.
type diary struct {
	events  []booking.Event
	failing atomic.Bool
}

func (d *diary) Events(_ context.Context, after int64, _ int) ([]booking.Event, error) {
	return d.events[after:], nil
}

func (d *diary) Follow(context.Context, string, string, int64, int64) (int64, bool, error) {
	if d.failing.Load() {
		return 0, false, errors.New("the ledger is away")
	}
	return 0, true, nil
}

func (d *diary) Followed(context.Context, string, string, int64) error { return nil }

type sink func(booking.Event) error

func (f sink) Deliver(_ context.Context, e booking.Event) error { return f(e) }

// While one event holds the place, a hiccup of the ledger does not have all that came
// behind it delivered again.
func TestAHiccupOfTheLedgerRepeatsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &diary{events: []booking.Event{{ID: 1, Serial: 1}, {ID: 2, Serial: 2}, {ID: 3, Serial: 3}}}
		var bad, good atomic.Int64
		f := &outbox.Follower{Name: "f", Holder: "h", Ledger: d, Logger: slog.New(slog.DiscardHandler), Sink: sink(func(e booking.Event) error {
			if e.ID == 1 {
				bad.Add(1)
				return errors.New("not this one")
			}
			good.Add(1)
			return nil
		})}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		time.AfterFunc(30*time.Second, func() { d.failing.Store(true) })
		time.AfterFunc(60*time.Second, func() { d.failing.Store(false) })
		f.Run(ctx)
		if good.Load() != 2 || bad.Load() < 5 {
			t.Errorf("2 events were delivered %d times, one that is not taken was tried %d times", good.Load(), bad.Load())
		}
	})
}
