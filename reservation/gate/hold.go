package gate

import (
	"sunbeon/controlplane/opsapi/client"
	"sunbeon/reservation/waitingroom"
)

// applyHold makes a room stand still while the plan holds its cohort or
// somebody has broken the glass. The segment in force stops too, but a gate
// that was down when the hold was set never saw that one, and must not call
// anybody meanwhile. A plan from the cache can stop a line, not start it: the
// hold may have been set since.
func (g *Gate) applyHold(room *waitingroom.Room, v client.View) {
	held := v.Plan.Held(room.Cohort().ID)
	switch {
	case g.latch.held():
		room.Hold("break-glass", g.nowMS())
	case held && !room.Held():
		room.Hold("hold in the plan", g.nowMS())
	case !held && room.Held() && !v.FromCache:
		room.Release("hold released in the plan", g.nowMS())
	}
}
