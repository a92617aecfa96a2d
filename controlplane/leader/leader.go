// Package leader is what the leading control-plane node does, and no other:
// each second it renews the serving segments of open cohorts, moves cohorts on
// by their timetable, and forgets what has expired or fallen silent.
//
// What is due is a pure function of the plan and the time ([duties]), looked
// up anew each time, so that a new leader goes on where the last one was and a
// command that got lost is simply due again. Nothing is written while nothing
// changes.
package leader

import (
	"context"
	"log/slog"
	"time"

	"sunbeon/controlplane/plan"
)

// Node is the consensus node the work is done on.
type Node interface {
	Plan() (p *plan.Plan, index uint64)
	Submit(context.Context, plan.Command) (plan.Result, error)
}

// Steer says what admission rate is wanted over all open cohorts together, in
// thousandths of a turn per second, and whether a cohort whose hour has come
// may open. Overrides, holds and bounds are the plan's to apply.
type Steer interface {
	Wanted(p *plan.Plan, nowMS int64) int64
	MayOpen(cohort string) bool
}

// Configured is the Steer that follows the configured rate.
type Configured struct{}

// Wanted implements [Steer].
func (Configured) Wanted(p *plan.Plan, _ int64) int64 { return p.Admission.RateMilli }

// MayOpen implements [Steer]: the timetable alone decides.
func (Configured) MayOpen(string) bool { return true }

// Work of a leader.
type Work struct {
	Node  Node
	Steer Steer
	// Hindrances names what speaks against an opening at its hour and cannot be
	// seen in the plan alone. Nothing does if nil.
	Hindrances func(ctx context.Context, p *plan.Plan, c plan.Cohort) []string
	// Actor names the node in the commands it gives.
	Actor  string
	Logger *slog.Logger
	// Now is the wall clock, which the node stamps commands with as well.
	Now func() time.Time
}

const (
	tick = time.Second
	soon = 200 * time.Millisecond // until an opening that is due is looked at again
	// submitWithin bounds a command: the next tick asks anew.
	submitWithin = 2 * time.Second
	// steps bounds how often duties that follow from one another are looked up
	// in one tick: an evening that starts late catches up in one.
	steps = 6
)

// Run works until ctx ends, which it does with the term.
func (w *Work) Run(ctx context.Context, term uint64) {
	began := w.Now()
	clock := clock{}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		now := w.Now()
		steady := clock.observe(now.UnixMilli(), now.Sub(began).Milliseconds())
		if clock.jumped {
			w.Logger.Warn("the clock jumped, the admission rate will not rise for a while", "settles_in_s", settleMS/1000)
		}
		w.work(ctx, term, steady)
		p, _ := w.Node.Plan()
		timer.Reset(untilNext(p, w.Now().UnixMilli()))
	}
}

// work does what is due, and what becomes due by it.
func (w *Work) work(ctx context.Context, term uint64, steady sureness) {
	for range steps {
		p, _ := w.Node.Plan()
		nowMS := w.Now().UnixMilli()
		moved := false
		for _, due := range duties(p, nowMS, w.Steer, steady) {
			due.command.Actor, due.command.Term, due.command.TimeMS = w.Actor, term, nowMS
			if ctx.Err() != nil {
				return
			}
			moved = w.submit(ctx, p, w.cleared(ctx, p, due.command)) && due.leadsOn || moved
		}
		if !moved {
			return
		}
	}
}

// submit gives a command the plan will take: one that it would refuse is not
// worth a place in the log.
func (w *Work) submit(ctx context.Context, p *plan.Plan, c plan.Command) bool {
	if _, foreseen, err := plan.Apply(p, p.Index+1, c); err != nil || !foreseen.OK {
		w.Logger.Debug("duty would be refused", "kind", c.Kind, "code", foreseen.Code, "detail", foreseen.Detail)
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, submitWithin)
	defer cancel()
	result, err := w.Node.Submit(ctx, c)
	switch {
	case err != nil:
		w.Logger.Warn("duty not done", "kind", c.Kind, "error", err)
	case !result.OK:
		w.Logger.Warn("duty refused", "kind", c.Kind, "code", result.Code, "detail", result.Detail)
	}
	return err == nil && result.OK
}

// untilNext is the wait for the next tick, which an hour of a timetable cuts
// short: an opening should not be a second late. The steering, which is asked
// whether it may be, looks at the same moment and answers a little later.
func untilNext(p *plan.Plan, nowMS int64) time.Duration {
	next := nowMS + tick.Milliseconds()
	for _, c := range p.Cohorts {
		if (c.Phase == plan.Lobby || c.Phase == plan.Sealed) && nowMS >= c.OpenMS {
			next = min(next, nowMS+soon.Milliseconds())
		}
		for _, hour := range []int64{c.LobbyMS, c.SealMS, c.OpenMS, c.CloseMS} {
			if hour > nowMS && hour < next {
				next = hour
			}
		}
	}
	return time.Duration(next-nowMS) * time.Millisecond
}
