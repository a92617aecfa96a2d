package gate

import (
	"context"
	"time"

	"sunbeon/reservation/waitingroom"
)

// outageEvery is how often it is looked whether anybody can use their pass, and
// so the most serving time an outage costs before it is noticed.
const outageEvery = time.Second

// noteOutages takes the time in which no booking server can be used out of
// every pass's lifetime, until ctx ends. It does so while the outage lasts, so
// that no pass ends in it. Before the first server is there nothing is down.
func (g *Gate) noteOutages(ctx context.Context) error {
	ticker := time.NewTicker(outageEvery)
	defer ticker.Stop()
	served, since := false, int64(0)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		now := g.nowMS()
		up := g.pool.Serves()
		switch {
		case up && since == 0:
			served = true
			continue
		case !served:
			continue
		case since == 0:
			since = now
			continue
		}
		if now-since < outage.Milliseconds() && !up {
			continue
		}
		// A gap shorter than an outage is a server being replaced.
		if now-since >= outage.Milliseconds() {
			g.recordSpan(ctx, since, now)
		}
		since = now
		if up {
			since = 0
		}
	}
}

// recordSpan puts an outage of the booking servers on record for every line
// that is open.
func (g *Gate) recordSpan(ctx context.Context, fromMS, toMS int64) {
	for _, room := range g.hall.Rooms() {
		if room.Phase() != waitingroom.Open {
			continue
		}
		if _, err := room.Outage(fromMS, toMS); err != nil {
			g.logger.ErrorContext(ctx, "outage not recorded", "error", err)
			return
		}
	}
	g.logger.WarnContext(ctx, "no booking server can be used: pass clocks stand still", "seconds", float64(toMS-fromMS)/1000)
}
