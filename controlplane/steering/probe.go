package steering

import "math"

// hoped is the capacity to plan for. Before saturation was ever seen tonight the
// belief is only last time's, and hoping for more is cheap: the local gates hold
// what is too much for a minute, while a timid opening is lost for good. Once more
// is served than was believed, the belief is refuted and hope doubles in less than
// a dead time.
func (e *estimate) hoped(a AdmissionConfig) float64 {
	if e.Found || e.Saturated || e.Out {
		return e.planned() * (1 - e.Press)
	}
	grown := math.Exp2(float64(e.BeyondMS) / (growPace * float64(e.DeadMS)))
	return max(e.Believed, min(e.Prior*a.Explore*grown, growMost*max(e.Prior, e.sure())))
}

const (
	growPace = 0.45 // of the dead time in which hope doubles
	growMost = 2.5  // times what is served for sure
)

// strain that lasts means that the forecast is too low, or the capacity still
// falling: hold back a little more with every dead time of it, and give that
// back when it is calm.
func (e *estimate) press(periodMS, deadMS int64) {
	step := pressStep * float64(periodMS) / float64(deadMS)
	if e.Saturated && e.Backlog > 0 {
		e.Press = min(pressMost, e.Press+step)
	} else {
		e.Press = max(0, e.Press-pressEases*step)
	}
}

// probe raises the believed capacity of a resource that carries its target
// without strain. How far it may run ahead of what is being served doubles with
// every dead time that goes well, so that a wrong guess costs little and a large
// recovery is found in a few steps, however often it was lost before.
//
// longestMS is the dead time of the resource asked last: one that is asked at once
// must not be driven into strain again and again while the house is still filling.
func (e *estimate) probe(a AdmissionConfig, periodMS, longestMS int64) {
	if !e.Found && !e.Saturated && e.Strikes == 0 && e.sure() > e.Prior {
		e.BeyondMS += periodMS
	}
	if e.Out || e.Saturated || e.Strikes > 0 || e.CalmMS == 0 || e.Smooth < loadedShare*e.Believed {
		return
	}
	dead := float64(e.DeadMS)
	if reach := max(nearMark*e.Mark, min(nearGood*e.Best, e.able(e.Timed))); e.Believed < reach {
		// It did more tonight. Chance in what is served matters little beside that.
		e.LoadedMS = 0
		patience := probePace * max(dead, float64(longestMS)/2)
		lead := min(a.ProbeMost, a.Recover*math.Exp2(float64(e.CalmMS)/patience))
		if e.Failed < metTwice {
			reach = max(nearMark*e.Mark, min(max(e.Seen, e.Best, e.Mark), e.able(e.Timed)))
		}
		e.Believed = max(e.Believed, min(reach, e.Smooth*(1+lead)))
		return
	}
	lead := min(a.ProbeMost, a.Probe*math.Exp2(float64(e.LoadedMS)/(probePace*dead)))
	e.LoadedMS += periodMS
	if e.sure() < pastMark*e.Mark {
		// It saturated here before and never did more: feel the way, and later a
		// little further.
		e.LoadedMS = 0
		lead = a.Probe * feeler / math.Exp2(float64(e.Failed)) * float64(e.CalmMS) / dead
	}
	e.Believed = max(e.Believed, e.sure()*(1+lead))
}

const (
	// probePace is the share of a dead time in which the lead of a probe doubles.
	probePace = 0.62
	// feeler is the share of a probe that a dead time of calm adds where the last
	// one met saturation.
	feeler = 0.5
)

// loadedShare of the belief must be in use before more is believed.
const loadedShare = 0.9

// pastMark is how far beyond the last saturation shows that it has moved.
const pastMark = 1.03

// Up to these shares of what it did tonight, and of what it carried when it was
// last driven into strain, it is brought back boldly; beyond them it is felt. The
// mark is nearer to the truth: under strain some resources do less than before it,
// and what they did then says nothing of what they can do. Where strain was met
// twice at the same mark, a bold step ends short of it.
const (
	nearGood = 0.92
	nearMark = 0.95
	metTwice = 2
)

// sink takes the mark along when the capacity fell further while the strain lasted.
// What it serves under strain may be less than what it can, but by the same share.
func (e *estimate) sink() {
	if e.Begun > 0 && e.Smooth < sunk*e.Begun {
		e.Mark *= e.Smooth / e.Begun
	}
}

// confirm the last mark, or take note of another: how long to wait before going
// beyond it again doubles with every time that it was met.
func (e *estimate) confirm(met float64) {
	if math.Abs(met-e.Mark) > sameMark*e.Mark {
		e.Failed = 0
	} else {
		e.Failed = min(e.Failed+1, failedMost)
	}
	e.Mark = met
}

const (
	sunk       = 0.985
	sameMark   = 0.08
	failedMost = 6
)
