package gate

import (
	"sunbeon/controlplane/opsapi/client"
	"sunbeon/reservation/waitingroom"
)

// applyHold makes a room stand still while the plan holds its cohort. The
// segment in force stops too, but a gate that was down when the hold was set
// never saw that one, and must not call anybody meanwhile. A plan from the
// cache can stop a line, not start it: the hold may have been set since.
func applyHold(room *waitingroom.Room, v client.View, nowMS int64) {
	held := v.Plan.Held(room.Cohort().ID)
	switch {
	case held && !room.Held():
		room.Hold("hold in the plan", nowMS)
	case !held && room.Held() && !v.FromCache:
		room.Release("hold released in the plan", nowMS)
	}
}
