package steering

import "math"

// standing is what an outage must not take from an estimate: going dark says
// nothing about what a resource does once it is back.
type standing struct {
	Proved   float64 `json:"proved"`
	LastGood float64 `json:"last_good"`
	Mark     float64 `json:"mark"`
	Believed float64 `json:"believed"`
}

const (
	// darkShare of what was ever served is an outage, not a lower capacity.
	darkShare = 0.05
	// restartShare of the last good mark is where a restart begins, unless the
	// certified floor is more.
	restartShare = 0.1
	// restartPace is the share of a dead time in which a restart doubles.
	restartPace = 0.75
)

func (e *estimate) standing() standing { return standing{e.Proved, e.LastGood, e.Mark, e.Believed} }

// dark says whether x is next to nothing for this resource.
func (e *estimate) dark(x float64) bool { return x <= darkShare*e.Seen }

// steady saturation is a measured capacity: what was believed before it began
// counts no more, also should the resource go dark now.
func (e *estimate) steady() bool { return e.Off == 0 && e.Averaged > smoothFew }

// goal of a restart is what was good before, as far as it was really seen.
func (e *estimate) goal() float64 {
	return min(max(e.LastGood, e.Before.LastGood), max(e.Seen, e.Proved, e.Before.Proved))
}

// restart tries a resource again that went dark, once nothing says that it still
// is: nobody refused, and either something served or nothing left inside. Without
// it a rate of zero would be its own proof. It puts back what the scrapes on the
// way down took away, starts with floor requests a second, with more after a brief
// outage, and doubles as long as they are served.
//
// It ends at what was good before, or where saturation has shown another
// capacity. Like a probe it comes after the decision, so that no bad news can
// lead to a higher rate.
func (e *estimate) restart(floor float64, periodMS int64) {
	if e.Saturated && e.steady() && !e.dark(e.Recent[len(e.Recent)-1].Throughput) {
		e.Out = false
		return
	}
	served, inside, refused := e.Sight.Last[0] > 0, e.Sight.Last[1], e.Sight.Last[3] > 0
	if e.Saturated || e.Strikes > 0 || refused || !served && inside >= 1 {
		return
	}
	e.Proved, e.LastGood = max(e.Proved, e.Before.Proved), max(e.LastGood, e.Before.LastGood)
	e.Mark = max(e.Mark, e.Before.Mark)
	if served {
		e.LoadedMS += periodMS
	}
	doubled := math.Exp2(float64(e.LoadedMS) / (restartPace * float64(e.DeadMS)))
	goal := e.goal()
	e.Believed = max(e.Believed, min(goal, max(floor, max(restartShare, e.brevity())*goal)*doubled))
	if e.Believed >= nearGood*goal {
		e.Out, e.LoadedMS = false, 0
	}
}
