package was

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/plan"
)

// ControlPlane is where a server reads the plan and makes itself known.
type ControlPlane interface {
	Watch(ctx context.Context, deliver func(client.View)) error
	Submit(ctx context.Context, command plan.Command) (plan.Result, error)
}

// Presence makes one server known to the control plane, so that gates send it
// people. It reports every few seconds and at every change of state.
type Presence struct {
	ControlPlane ControlPlane
	Instance     plan.RegisterInstance // ID, Kind, URLs and start
	Ready        func() error
	Logger       *slog.Logger
}

const (
	reportEvery  = 5 * time.Second
	readyPoll    = 250 * time.Millisecond
	reportRetry  = time.Second
	reportWithin = 4 * time.Second
	leaveWithin  = 1500 * time.Millisecond // a server that goes does not wait for a lost control plane
)

var errRejected = errors.New("the plan rejects it")

// Run registers the server and reports until ctx ends.
func (p *Presence) Run(ctx context.Context) {
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	var said string // state and detail of the last report
	var due, retry time.Time
	registered := false
	for {
		state, detail := p.state()
		now := time.Now()
		if (state+detail != said || !now.Before(due)) && !now.Before(retry) {
			err := p.report(ctx, registered, state, detail)
			switch {
			case err == nil:
				registered, said, due = true, state+detail, now.Add(reportEvery)
			case errors.Is(err, errRejected): // forgotten: register again
				registered, due, retry = false, now, now.Add(reportRetry)
				p.Logger.Warn("instance report", "error", err)
			default:
				retry = now.Add(reportRetry)
				p.Logger.Debug("instance report", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Leave says that the server is draining, or when gone is true, that it has.
func (p *Presence) Leave(ctx context.Context, gone bool) error {
	ctx, cancel := context.WithTimeout(ctx, leaveWithin)
	defer cancel()
	if gone {
		return p.submit(ctx, plan.InstanceForget, plan.ForgetInstance{ID: p.Instance.ID})
	}
	return p.submit(ctx, plan.InstanceReport, plan.ReportInstance{ID: p.Instance.ID, State: plan.Draining})
}

func (p *Presence) state() (state, detail string) {
	if err := p.Ready(); err != nil {
		return plan.Starting, err.Error()
	}
	return plan.Ready, ""
}

func (p *Presence) report(ctx context.Context, registered bool, state, detail string) error {
	if registered {
		return p.submit(ctx, plan.InstanceReport, plan.ReportInstance{ID: p.Instance.ID, State: state, Detail: detail})
	}
	me := p.Instance
	me.State, me.Detail = state, detail
	return p.submit(ctx, plan.InstanceRegister, me)
}

func (p *Presence) submit(ctx context.Context, kind plan.Kind, body any) error {
	ctx, cancel := context.WithTimeout(ctx, reportWithin)
	defer cancel()
	command, err := plan.NewCommand(kind, body)
	if err != nil {
		return err
	}
	command.Actor = p.Instance.ID
	result, err := p.ControlPlane.Submit(ctx, command)
	if err != nil {
		return err
	}
	if !result.OK {
		return fmt.Errorf("%s: %w: %s %s", kind, errRejected, result.Code, result.Detail)
	}
	return nil
}
