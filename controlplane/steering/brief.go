package steering

// briefShare of the dead time is how long strain must last to be believed in full.
// Whatever is done about it comes a dead time later; a wait that is short beside that
// costs next to nothing, and tells a server that paused from one that can do less.
const briefShare = 0.1

// pauseShare of what was believed is little enough to be a pause; who still does more
// has lost capacity.
const pauseShare = 0.45

// lasts books a scrape of strain. Whether it is a pause is seen a scrape later: were
// the newest asked, a worse one could lead to a higher rate.
func (e *estimate) lasts(ms int64) {
	e.StrainMS += ms
	if n := len(e.Recent); n > 1 && e.Recent[n-2].Throughput < pauseShare*e.Before.Believed {
		e.Paused = true
	}
}

// brevity of the last strain: 1 if it has only begun, 0 once it is believed in full.
func (e *estimate) brevity() float64 {
	if !e.Paused {
		return 0
	}
	return max(0, 1-float64(e.StrainMS)/(briefShare*float64(e.DeadMS)))
}

// planned is the capacity to plan for while it is strained: what is served in the
// first seconds of that is what a pause left of it, as likely as not.
func (e *estimate) planned() float64 {
	if !e.Saturated {
		return e.Believed
	}
	return e.Believed + max(0, e.Before.Believed-e.Believed)*e.brevity()
}

// forgive what a strain that was brief has taken away: it measured no capacity.
func (e *estimate) forgive() {
	back := e.brevity()
	e.Believed += max(0, e.Before.Believed-e.Believed) * back
	e.Proved += max(0, e.Before.Proved-e.Proved) * back
	e.LastGood += max(0, e.Before.LastGood-e.LastGood) * back
	e.Mark += max(0, e.Before.Mark-e.Mark) * back
}
