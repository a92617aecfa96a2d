// Package outbox carries what the ledger has committed to those who must hear of
// it: messages to people by webhook, and stock to the system that counts it.
//
// A row of the outbox is committed in the booking's own transaction, so there is
// never a message without a booking, and none is lost. Each [Follower] hands the
// rows on in order, at least once: its place is kept in the ledger and moves
// only when a page has been settled, so a crash repeats a page and a restore from
// a backup repeats what the backup does not know. Receivers tell repetitions by
// the key of a delivery, which is never used for anything else.
//
// Any number of processes may run the same follower; a lease in the ledger lets
// one of them work.
package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"sunbeon/reservation/booking"
)

// Ledger is the outbox with the followers' places.
type Ledger interface {
	Events(ctx context.Context, after int64, limit int) ([]booking.Event, error)
	Follow(ctx context.Context, name, holder string, nowMS, untilMS int64) (after int64, mine bool, err error)
	Followed(ctx context.Context, name, holder string, after int64) error
}

// Sink takes events. An error that wraps [ErrRefused] settles an event as nil
// does; after any other it is delivered again.
type Sink interface {
	Deliver(ctx context.Context, e booking.Event) error
}

// ErrRefused says that the receiver will never take an event.
var ErrRefused = errors.New("refused")

// Follower hands every event to a sink.
type Follower struct {
	Name    string // place in the ledger
	Holder  string // this process; no two may share it
	Ledger  Ledger
	Sink    Sink
	Metrics *Metrics // nil counts nothing
	Logger  *slog.Logger
}

const (
	lease    = 10 * time.Second
	pageSize = 256
	abreast  = 16 // deliveries at once
	idle     = time.Second
	longest  = 30 * time.Second // pause between attempts
)

// Run delivers until ctx ends.
func (f *Follower) Run(ctx context.Context) {
	pause := time.Duration(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		more, err := f.page(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			pause = min(max(2*pause, idle), longest/3) // sooner than the lease ends
			f.Logger.Warn("outbox", "follower", f.Name, "error", err)
		case more:
			pause = 0
		default:
			pause = idle
		}
	}
}

// page delivers the next events and reports whether there may be more.
func (f *Follower) page(ctx context.Context) (more bool, err error) {
	now := time.Now()
	after, mine, err := f.Ledger.Follow(ctx, f.Name, f.Holder, now.UnixMilli(), now.Add(lease).UnixMilli())
	if err != nil {
		return false, err
	}
	if !mine { // whoever follows now tells how far behind it is
		f.Metrics.backlog(f.Name, nil, now)
		return false, nil
	}
	events, err := f.Ledger.Events(ctx, after, pageSize)
	if err != nil {
		return false, err
	}
	f.Metrics.backlog(f.Name, events, now)
	if len(events) == 0 {
		return false, nil
	}
	// Nobody else may have begun on the same page when this one is settled.
	ctx, cancel := context.WithDeadline(ctx, now.Add(lease*8/10))
	defer cancel()
	settled, err := f.deliver(ctx, events)
	if settled > 0 {
		if moved := f.Ledger.Followed(context.WithoutCancel(ctx), f.Name, f.Holder, events[settled-1].ID); moved != nil {
			return false, errors.Join(err, moved)
		}
	}
	return err == nil, err
}

// deliver hands events on, several at once but those of one booking in order. It
// returns how many from the first on are settled.
func (f *Follower) deliver(ctx context.Context, events []booking.Event) (settled int, err error) {
	lanes := map[int64][]int{}
	var order []int64
	for i, e := range events {
		if lanes[e.Serial] == nil {
			order = append(order, e.Serial)
		}
		lanes[e.Serial] = append(lanes[e.Serial], i)
	}
	errs := make([]error, len(events))
	places := make(chan struct{}, abreast)
	var work sync.WaitGroup
	for _, serial := range order {
		places <- struct{}{}
		work.Go(func() {
			defer func() { <-places }()
			var before error
			for _, i := range lanes[serial] {
				if before == nil {
					before = f.settle(ctx, events[i])
				}
				errs[i] = before
			}
		})
	}
	work.Wait()
	for i, err := range errs {
		if err != nil {
			return i, fmt.Errorf("event %d: %w", events[i].ID, err)
		}
	}
	return len(events), nil
}

func (f *Follower) settle(ctx context.Context, e booking.Event) error {
	err := f.Sink.Deliver(ctx, e)
	f.Metrics.delivered(f.Name, err)
	if errors.Is(err, ErrRefused) {
		f.Logger.Error("outbox", "follower", f.Name, "event", e.ID, "error", err)
		return nil
	}
	return err
}
