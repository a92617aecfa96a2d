// Package outbox carries what the ledger has committed to those who must hear of
// it: messages to people by webhook, and stock to the system that counts it.
//
// A row of the outbox is committed in the booking's own transaction, so there is
// never a message without a booking, and none is lost. Each [Follower] hands the
// rows on in order, at least once: its place is kept in the ledger and stands
// before the first that is not settled, so a crash repeats what came after it and a
// restore from a backup repeats what the backup does not know. Receivers tell
// repetitions by the key of a delivery, which is never used for anything else.
//
// A row that a receiver does not take holds up those of its own booking. The others
// go on while no more than a page is late: more than that is a receiver that is down.
//
// Any number of processes may run the same follower; a lease in the ledger lets
// one of them work.
package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
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

	// What this process knows beyond the ledger, while nobody else moves the place.
	known bool
	place int64           // as it stands in the ledger
	read  int64           // the last event read
	late  []booking.Event // those up to it that are not settled
	pause time.Duration   // between attempts at them
	again time.Time       // when they are tried next
}

const (
	lease    = 10 * time.Second
	pageSize = 256
	abreast  = 16 // deliveries at once
	idle     = time.Second
	longest  = 10 * time.Second // pause between attempts
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
			pause = min(max(2*pause, idle), longest)
			f.Logger.Warn("outbox", "follower", f.Name, "error", err)
		case more:
			pause = 0
		default:
			pause = idle
		}
	}
}

// page delivers the next events and reports whether there may be more. The error is
// the ledger's.
func (f *Follower) page(ctx context.Context) (more bool, err error) {
	now := time.Now()
	after, mine, err := f.Ledger.Follow(ctx, f.Name, f.Holder, now.UnixMilli(), now.Add(lease).UnixMilli())
	if err != nil {
		return false, err
	}
	if !mine { // whoever follows now tells how far behind it is
		f.known = false
		f.Metrics.backlog(f.Name, nil, now)
		return false, nil
	}
	if !f.known || f.place != after { // somebody else has followed meanwhile
		f.known, f.place, f.read, f.late, f.pause, f.again = true, after, after, nil, 0, time.Time{}
	}
	var fresh []booking.Event
	if len(f.late) < pageSize {
		if fresh, err = f.Ledger.Events(ctx, f.read, pageSize); err != nil {
			return false, err
		}
	}
	f.Metrics.backlog(f.Name, slices.Concat(f.late, fresh), now)
	due, waiting := f.due(fresh, now)
	if len(fresh) > 0 {
		f.read = fresh[len(fresh)-1].ID
	}
	// Nobody else may have begun on the same page when this one is settled.
	within, cancel := context.WithDeadline(ctx, now.Add(lease*8/10))
	defer cancel()
	failed, cause := f.deliver(within, due)
	f.late = append(waiting, failed...)
	slices.SortFunc(f.late, func(a, b booking.Event) int { return cmp.Compare(a.ID, b.ID) })
	f.wait(cause, now)
	return len(fresh) > len(failed), f.move(context.WithoutCancel(ctx))
}

// due parts what is late and fresh into what is tried now and what waits: until it
// is time, what is late and all that came after it of the same booking.
func (f *Follower) due(fresh []booking.Event, now time.Time) (due, waiting []booking.Event) {
	if !now.Before(f.again) {
		return slices.Concat(f.late, fresh), nil
	}
	held := map[int64]bool{}
	for _, e := range f.late {
		held[e.Serial] = true
	}
	waiting = f.late
	for _, e := range fresh {
		if held[e.Serial] {
			waiting = append(waiting, e)
		} else {
			due = append(due, e)
		}
	}
	return due, waiting
}

// wait sets when what is late is tried again: later from one time to the next, as
// long as there is anything.
func (f *Follower) wait(cause error, now time.Time) {
	if cause != nil {
		f.Logger.Warn("outbox", "follower", f.Name, "late", len(f.late), "error", cause)
	}
	switch {
	case len(f.late) == 0:
		f.pause, f.again = 0, time.Time{}
	case !now.Before(f.again):
		f.pause = min(max(2*f.pause, idle), longest)
		f.again = time.Now().Add(f.pause)
	}
}

// move brings the place in the ledger before the first event that is not settled.
func (f *Follower) move(ctx context.Context) error {
	place := f.read
	if len(f.late) > 0 {
		place = f.late[0].ID - 1
	}
	if place <= f.place {
		return nil
	}
	if err := f.Ledger.Followed(ctx, f.Name, f.Holder, place); err != nil {
		return err
	}
	f.place = place
	return nil
}

// deliver hands events on, several at once but those of one booking in order. It
// returns those that are not settled and why the first of them is not.
func (f *Follower) deliver(ctx context.Context, events []booking.Event) (failed []booking.Event, cause error) {
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
		if err == nil {
			continue
		}
		failed = append(failed, events[i])
		if cause == nil {
			cause = fmt.Errorf("event %d: %w", events[i].ID, err)
		}
	}
	return failed, cause
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
