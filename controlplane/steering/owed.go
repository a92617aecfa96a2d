package steering

import "math"

// hold turns the rate of "hold on" answers into the people behind it: each of
// them comes back once a Retry-After.
func (e *estimate) hold(r Resource, periodS, retryS float64) {
	rejected := r.Rejected
	if !usable(rejected) {
		rejected = 0
	}
	before := e.Backlog
	e.Backlog += (rejected*retryS - e.Backlog) / 3
	e.Grows += ((e.Backlog-before)/periodS - e.Grows) / smoothFew
}

// wants is the work owed now: what the account says, or what knocks outside if that
// is more. Who knocks may ask for half a request or for two, so that it is not booked.
func (e *estimate) wants() float64 { return max(e.Owed, e.Backlog) }

// owe keeps account of work foreseen and not done. While nothing is held it can
// only shrink, so that an error of the kernel does not add up.
// all is what the people inside could want if each had only just come in, most is what
// they are likely to want.
func (e *estimate) owe(foreseen, served, all, most, periodS float64) {
	missed, calm := (foreseen-served)*periodS, !e.Saturated && e.Strikes == 0
	deadS := float64(e.DeadMS) / 1000

	grows := max(-served, min(growsMost*served, e.Grows))
	e.Due += missed + (foreseenSlack*foreseen-grows)*periodS
	e.Extra = max(0, -e.Due)
	e.Due = min(all, max(0, e.Due))
	if calm {
		e.Due -= e.Due * min(1, 0.5*periodS/deadS)
		missed = min(0, missed) - e.Owed*min(1, owedFades*periodS/deadS)
	}
	e.Owed = min(most, max(0, e.Owed+missed))
}

// unforeseen follows the ratio while strain keeps people from what they would ask for:
// only upwards, and only by what comes beyond all that was foreseen and is still due.
// Else a system that stands still because everybody asks for more would be believed
// to be about to empty. sure is how far the kernel is to be trusted, from 0 to 1.
func (e *estimate) unforeseen(foreseen, sure, periodS float64) {
	if e.Saturated && e.Extra > 0 {
		gain := sure * min(1, unforeseenPace*1000*periodS/float64(e.DeadMS))
		e.Ratio = min(ratioMost, e.Ratio+gain*e.Extra/(periodS*foreseen))
	}
}

const (
	// foreseenSlack is the error of the kernel that may pass for work that is due.
	foreseenSlack = 0.025
	// growsMost is how much of what is served a growing backlog may count for: clients
	// that hammer make it look many times its size.
	growsMost = 0.3
	// owedFades is how often in a dead time of calm what is owed is forgotten.
	owedFades      = 2.8
	unforeseenPace = 4 // corrections in a dead time
	ratioMost      = 2
)

// inside learns how much the people inside are yet to ask for while nobody is held
// and the house is full, and returns the most that they can be owed: they are counted,
// and ahead is what is foreseen of them anyway.
func (e *estimate) inside(sessions, ahead float64, full bool, periodS float64) (most float64) {
	most = math.Inf(1)
	if e.Remain > 0 {
		most = max(0, insideSlack*sessions*e.Remain-ahead)
	}
	calm := !e.Saturated && e.Strikes == 0 && e.CalmMS > e.DeadMS
	if calm && full && sessions > insideLeast && ahead > 0 {
		now := ahead / sessions
		if e.Remain == 0 {
			e.Remain = now
		}
		e.Remain += (now - e.Remain) * min(1, 1000*periodS/float64(e.DeadMS))
	}
	return most
}

const (
	insideSlack = 1.15
	insideLeast = 20 // people, below which chance is too large
	// fullHouse is the share of what a steady stream of people would ask for by now;
	// below it they are younger than they will be.
	fullHouse = 0.9
)
