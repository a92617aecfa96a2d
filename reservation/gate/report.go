package gate

import (
	"context"
	"errors"
	"time"

	"sunbeon/controlplane/plan"
)

const (
	// lineEvery is how often a line that changes is reported: steering plans
	// with what people did in the last seconds.
	lineEvery = time.Second
	// lifeEvery is how often the gate shows that it lives.
	lifeEvery = 5 * time.Second
)

// reportInstance makes the gate known to the control plane and keeps showing
// that it lives, until ctx ends.
func (g *Gate) reportInstance(ctx context.Context) error {
	registered := false
	ticker := time.NewTicker(lifeEvery)
	defer ticker.Stop()
	for {
		registered = g.showLife(ctx, registered)
		wait := ticker.C
		if !registered {
			wait = time.After(lineEvery)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-wait:
		}
	}
}

func (g *Gate) showLife(ctx context.Context, registered bool) bool {
	state, detail := plan.Ready, ""
	if err := g.Ready(); err != nil {
		state, detail = plan.Starting, err.Error()
	} else if hold := g.latch.state.Load(); hold.Held {
		detail = "break-glass hold by " + hold.Owner
	}
	var err error
	if registered {
		err = g.submit(ctx, plan.InstanceReport, plan.ReportInstance{ID: g.config.ID, State: state, Detail: detail})
	} else {
		err = g.submit(ctx, plan.InstanceRegister, plan.RegisterInstance{
			ID: g.config.ID, Kind: plan.KindGate, URL: g.config.URL, PrivateURL: g.config.PrivateURL,
			Version: g.config.Version, StartedMS: g.startedMS, State: state, Detail: detail,
		})
	}
	// A forgotten gate makes itself known again; one that got no answer stays
	// what it was.
	var rejected *rejectedError
	if errors.As(err, &rejected) {
		g.logger.Warn("instance report rejected", "error", err)
		return false
	}
	if err != nil {
		g.logger.Debug("instance report not sent", "error", err)
		return registered
	}
	return true
}

// reportLines tells the control plane how far each line is, until ctx ends: a
// second after a change, and now and then without one. Reports never hold
// citizens up, and a lost one is made good by the next.
func (g *Gate) reportLines(ctx context.Context) error {
	type sent struct {
		report plan.ReportLine
		at     time.Time
	}
	last := map[string]sent{}
	ticker := time.NewTicker(lineEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		for _, l := range g.lines() {
			id := l.cohort.ID
			report := lineReport(g.config.ID, l, g.nowMS())
			now := g.config.Now()
			if last[id].report == report && now.Sub(last[id].at) < lifeEvery {
				continue
			}
			if err := g.submit(ctx, plan.LineReport, report); err != nil {
				if ctx.Err() == nil {
					g.logger.Debug("line report not taken", "cohort", id, "error", err)
				}
				continue
			}
			last[id] = sent{report, now}
		}
	}
}

func lineReport(gate string, l *line, nowMS int64) plan.ReportLine {
	counts := l.room.Counts(nowMS)
	return plan.ReportLine{
		Cohort: l.cohort.ID, Gate: gate,
		Issued: counts.Tickets, HighWater: counts.Serving,
		Claimed: counts.Claimed, Booked: counts.Booked, Sessions: counts.Sessions,
		ClaimedLobby: counts.ClaimedLobby, Asking: counts.Asking,
	}
}
