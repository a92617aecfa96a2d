package gate

import (
	"context"
	"encoding/json"
	"fmt"

	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/plan"
	"sunbeon/reservation/gate/waspool"
	"sunbeon/reservation/waitingroom"
)

// follow takes in the plan until ctx ends.
func (g *Gate) follow(ctx context.Context) error {
	var seen *plan.Plan
	err := g.config.ControlPlane.Watch(ctx, func(v client.View) {
		g.metrics.leaderAge.Set(v.LeaderAge.Seconds())
		if v.Plan != seen {
			seen = v.Plan
			g.adopt(v)
		}
	})
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("follow plan: %w", err)
}

// adopt makes the rooms do what the plan says and shows it to the handlers.
// What a room refuses is reported and left: the next plan may be right, and
// until then the room goes on as it was.
func (g *Gate) adopt(v client.View) {
	g.followClock(v)
	lines := make([]*line, 0, len(v.Plan.Cohorts))
	for id, cohort := range v.Plan.Cohorts {
		room, err := g.hall.Define(announcement(cohort, g.config.PassLife.Milliseconds()), g.nowMS())
		if err != nil {
			g.refusePlan("cohort", id, err)
			var known bool
			if room, known = g.hall.Room(id); !known {
				continue
			}
		}
		if err := movePhase(room, waitingroom.Phase(cohort.Phase), g.nowMS()); err != nil {
			g.refusePlan("phase", id, err)
		}
		// The segment of a cached plan was adopted when it was new, if it
		// ever was.
		if segments, ok := v.Plan.Segments[id]; ok && !v.FromCache {
			if _, err := room.Adopt(segments.Current, g.nowMS()); err != nil {
				g.refusePlan("segment", id, err)
			}
		}
		// After the segment, so that a line never goes on under the one from
		// before it was held.
		g.applyHold(room, v)
		voidPasses(room, cohort.VoidMS, g.nowMS())
		l := &line{cohort: cohort, room: room, document: &document{}, tickets: g.metrics.tickets.WithLabelValues(id)}
		l.quoted, _ = json.Marshal(id) // a string always marshals
		if old := g.view.Load(); old != nil && old.byID[id] != nil {
			l.document = old.byID[id].document
		}
		l.document.expire()
		lines = append(lines, l)
	}
	g.pool.Set(bookingServers(v.Plan))
	g.view.Store(newView(v.Plan, lines))
	select {
	case g.draws <- struct{}{}:
	default:
	}
}

// followClock takes a step of the machine's clock over once the control plane
// dates its segments by it. The lines are held meanwhile: the span never
// happened, so nobody is called and no pass ends in it.
func (g *Gate) followClock(v client.View) {
	ahead := g.clock.ahead()
	if ahead < maxStep || v.FromCache {
		return
	}
	agrees := false
	for _, segments := range v.Plan.Segments {
		agrees = agrees || g.clock.agrees(segments.Current.T0)
	}
	if !agrees {
		return
	}
	for _, room := range g.hall.Rooms() {
		position := room.Hold("the clock was set", g.nowMS())
		if err := g.log.Wait(context.Background(), position); err != nil {
			return // the process is about to end
		}
	}
	g.clock.follow()
	g.logger.Warn("the clock was set ahead, and the control plane agrees", "by_s", ahead.Seconds())
}

// voidPasses ends the passes issued until voidMS. Passes are dated by whole
// seconds, so it waits until that second is over: the plan is seen again at
// least once a second while anybody is called.
func voidPasses(room *waitingroom.Room, voidMS, nowMS int64) {
	if voidMS > room.VoidedMS() && nowMS > voidMS {
		room.Void(nowMS)
	}
}

func (g *Gate) refusePlan(what, cohort string, err error) {
	g.metrics.refused.WithLabelValues("plan_" + what).Inc()
	g.logger.Warn("the room refuses what the plan says", "what", what, "cohort", cohort, "error", err)
}

// announcement is what of a cohort the room keeps in its record.
func announcement(c plan.Cohort, passMS int64) waitingroom.Cohort {
	a := waitingroom.Cohort{
		ID: c.ID, Order: waitingroom.Order(c.Order), DrawMode: waitingroom.DrawMode(c.DrawMode),
		Commitment: c.Commitment, Source: c.Source,
		LobbyMS: c.LobbyMS, SealMS: c.SealMS, OpenMS: c.OpenMS, CloseMS: c.CloseMS,
		Supply: c.Supply, PassMS: passMS,
	}
	if c.Order != plan.OrderDraw {
		a.DrawMode, a.Commitment, a.Source = "", "", ""
	}
	return a
}

// movePhase brings the room to the plan's phase. A gate that was away may
// have missed one in between, which it then passes through.
func movePhase(room *waitingroom.Room, to waitingroom.Phase, nowMS int64) error {
	if between, missed := missedPhase(room.Phase(), to); missed {
		if _, err := room.MovePhase(between, nowMS); err != nil {
			return err
		}
	}
	_, err := room.MovePhase(to, nowMS)
	return err
}

// missedPhase is the phase a cohort must have been in on its way between two
// that do not follow each other.
func missedPhase(from, to waitingroom.Phase) (waitingroom.Phase, bool) {
	switch {
	case to == waitingroom.Sealed && (from == waitingroom.Scheduled || from == waitingroom.Closed),
		to == waitingroom.Scheduled && (from == waitingroom.Open || from == waitingroom.Paused):
		return waitingroom.Lobby, true
	case to == waitingroom.Paused && from != waitingroom.Open && from != waitingroom.Paused:
		return waitingroom.Open, true
	}
	return "", false
}

// bookingServers are those in the plan that can take requests.
func bookingServers(p *plan.Plan) []waspool.Server {
	var servers []waspool.Server
	for _, instance := range p.Instances {
		if instance.Kind != plan.KindWAS {
			continue
		}
		switch instance.State {
		case plan.Ready, plan.Failing:
			servers = append(servers, waspool.Server{
				ID: instance.ID, URL: instance.URL, Failing: instance.State == plan.Failing,
			})
		}
	}
	return servers
}
