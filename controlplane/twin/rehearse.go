package twin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"sunbeon/controlplane/steering"
)

// Tonight is a cohort as it stands on a running system, and what its control
// plane knows and may do.
type Tonight struct {
	Name string
	// Waiting is people with a ticket who were not let in yet; Inside those who
	// were, and have not booked; Expected those still to come, over ExpectedS
	// seconds.
	Waiting, Inside, Expected, ExpectedS float64
	Replicas                             Replicas
	Rate, RateMax, Floor                 float64 // calls a second; Rate is in force now, or approved to begin with
	PeriodS                              float64
	Knowledge                            steering.Knowledge
	// Going is the steering of a cohort that is open, with its people inside; nil
	// of one that is still to open.
	Going *Going
}

// Going is a steering in the middle of an evening.
type Going struct {
	Config steering.Config
	State  steering.State
}

// WhatIf is a change to try: a resource has so many times its capacity from the
// beginning to the end, and nobody was told.
type WhatIf struct {
	Resource string `json:"resource"`
	// Factor is of what is believed or, of a system that answers nothing at
	// present, of what it has proved; 0 for one that answers nothing.
	Factor float64 `json:"factor"`
}

// Answer is how a rehearsed evening goes. Times are seconds from the opening,
// or from now where the cohort is open; null where it never comes to it.
type Answer struct {
	WhatIf    *WhatIf  `json:"what_if"`    // null: nothing is changed
	LimitedBy string   `json:"limited_by"` // the resource that allows least
	Dark      bool     `json:"dark"`       // it answers nothing, and the evening waits for it
	CalledS   *float64 `json:"called_s"`   // everybody has been called
	BookedS   *float64 `json:"booked_s"`   // 99 % of all who will book have booked
	Rate      float64  `json:"rate"`       // mean calls a second until everybody is called
	Bookings  float64  `json:"bookings"`   // people
	Replicas  int      `json:"replicas"`   // most WAS running at once
	Held      float64  `json:"held_share"` // of those let in, 0 to 1
	Failed    float64  `json:"failed_share"`
	P99S      float64  `json:"p99_s"` // of a page
	// Ratio is the bookings, ÷ those of a controller that knows all capacities.
	Ratio      float64 `json:"goodput_ratio"`
	SimulatedS float64 `json:"simulated_s"` // length of the evening played
}

// longestRehearsal is the longest evening rehearsed, in seconds, and mostRehearsed
// how many steps one is cut into at most: the longer it is, the less does a fine
// one tell.
const (
	longestRehearsal = 24 * 3600
	mostRehearsed    = 90_000
)

// Rehearse plays tonight's cohort with what the control plane knows, and with a
// change to it where one is given. It tells progress how far it is, from 0 to 1,
// and ends at once when ctx does.
func Rehearse(ctx context.Context, t Tonight, change *WhatIf, progress func(share float64)) (Answer, error) {
	s, err := t.scenario(change)
	if err != nil {
		return Answer{}, err
	}
	e, c := newEvening(s, 1), newCascade(s)
	if t.Going != nil {
		e.goOn(c, *t.Going)
	}
	run, err := e.play(ctx, c, func(share float64) { progress(share / 2) })
	if err != nil {
		return Answer{}, err
	}
	best, err := simulate(ctx, s, "clairvoyant", 1, DefaultTuning(), func(share float64) { progress(0.5 + share/2) })
	if err != nil {
		return Answer{}, err
	}
	a := Answer{
		WhatIf: change, LimitedBy: limit(s), Dark: len(s.Faults) > 0, Bookings: run.Result.Goodput, Held: run.Result.Held, Failed: run.Result.Failed,
		P99S: run.Result.P99, Ratio: 1, SimulatedS: float64(s.Duration),
	}
	if best.Result.Goodput >= 1 {
		a.Ratio = run.Result.Goodput / best.Result.Goodput
	}
	a.read(run.Trace, t)
	return a, nil
}

// goOn lets the steering take up the evening where it stands: who it knows to be
// inside it does not let in anew.
func (e *evening) goOn(c *cascade, from Going) {
	c.config, c.state = from.Config, from.State
	c.handOver() // what is played must not reach the caller's
	e.epochMS = from.State.NowMS + e.scenario.Lobby.milliseconds()
	e.inputs.Term = from.State.Term - 1
}

// read takes the times and the means from the seconds of the evening.
func (a *Answer) read(tr Trace, t Tonight) {
	booked, called := 0.0, 0.0
	for i, at := range tr.T {
		a.Replicas = max(a.Replicas, int(tr.Replicas[i]))
		if a.CalledS == nil {
			called += tr.Rate[i]
			if at >= t.ExpectedS && tr.Waiting[i] < 1 {
				a.CalledS = &tr.T[i]
				a.Rate = (t.Waiting + t.Expected) / at
			}
		}
		booked += tr.Confirmed[i]
		if a.BookedS == nil && a.CalledS != nil && a.Bookings >= 1 && booked >= 0.99*a.Bookings {
			a.BookedS = &tr.T[i]
		}
	}
	if a.CalledS == nil && len(tr.T) > 0 {
		a.Rate = called / float64(len(tr.T))
	}
}

// scenario is the evening as far as it is known.
func (t Tonight) scenario(change *WhatIf) (*Scenario, error) {
	if t.Waiting+t.Inside+t.Expected < 1 {
		return nil, errors.New("nobody waits, nobody is inside and nobody is expected")
	}
	k := t.Knowledge
	s := &Scenario{
		Name: t.Name,
		People: People{
			Lobby: t.Waiting, Inside: t.Inside, Show: clampShare(k.Show[0]), ShowLater: clampShare(k.Show[1]),
			ClaimDelay: Distribution{Mean: Duration(float64(k.ClaimDelayMS) / 1000), CV: 1},
		},
		Session: Session{Retry: Retry{After: Distribution{Mean: Duration(float64(k.RetryMS) / 1000), CV: 0.4}}},
		Control: Control{Period: Duration(t.PeriodS), RateMax: t.RateMax, Floor: t.Floor, Begin: min(t.Rate, t.RateMax)},
	}
	if t.Expected > 0 {
		s.People.Arrivals = []Arrival{{Shape: "burst", People: t.Expected, Over: Duration(max(1, t.ExpectedS))}}
	}
	if t.Going != nil {
		s.Lobby = Duration(t.PeriodS) // it is open
	}
	var err error
	var dark []string
	if s.Resources, dark, err = t.resources(change); err != nil {
		return nil, err
	}
	s.Session.Requests = pagesOf(k)
	s.fill()
	s.Duration = t.length(s)
	s.Step = max(s.Step, min(longestStep, s.Duration/mostRehearsed))
	for _, name := range dark {
		s.Faults = append(s.Faults, Fault{Kind: faultStall, Resource: name, For: 2 * s.Duration})
	}
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("rehearse %s: %w", t.Name, err)
	}
	return s, nil
}

func clampShare(v float64) float64 { return max(0.01, min(1, v)) }

// length of an evening long enough for everybody at half the rate foreseen.
func (t Tonight) length(s *Scenario) Duration {
	rate := min(s.nominalRate(), s.Control.RateMax)
	needed := 2*(t.Waiting+t.Inside+t.Expected)/max(rate, 1e-3) + 10*s.sessionLength() + 10*float64(s.People.ClaimDelay.Mean)
	return Duration(math.Ceil(max(60, min(longestRehearsal, max(needed, 2*t.ExpectedS)))))
}

// limit names the resource that answers nothing, or else allows least with every
// replica running.
func limit(s *Scenario) string {
	if len(s.Faults) > 0 {
		return s.Faults[0].Resource
	}
	return slices.MinFunc(s.Resources, func(a, b Resource) int { return cmp.Compare(s.callLimit(a), s.callLimit(b)) }).Name
}

// darkness is a capacity, in requests a second, that is none.
const darkness = 0.01

// Dark says whether a resource is believed to answer nothing at present.
func Dark(r steering.KnownResource) bool { return r.Believed < darkness }

// resources are those of the evening, and the names of those that answer nothing.
func (t Tonight) resources(change *WhatIf) (out []Resource, dark []string, err error) {
	found := false
	for _, r := range t.Knowledge.Resources {
		factor := 1.0
		if change != nil && change.Resource == r.Name {
			found, factor = true, change.Factor
		}
		if factor == 0 || Dark(r) && !(change != nil && change.Resource == r.Name) {
			dark = append(dark, r.Name)
			factor = 1
		}
		if Dark(r) { // what it did before, once it is back
			r.Believed = max(r.Proved, darkness)
		}
		truth := r.Believed * factor
		if !(truth > 0) {
			return nil, nil, fmt.Errorf("%s: a capacity of %g requests a second", r.Name, truth)
		}
		one := Resource{
			Name: r.Name, Latency: Duration(r.LatencyMS / 1000),
			Prior: Prior{Proved: min(r.Proved, r.Believed) / truth, Believed: r.Believed / truth, Visits: 1},
		}
		if r.Kind == steering.KindWAS {
			replicas := t.Replicas
			one.PerReplica, one.Replicas = truth, &replicas
		} else {
			one.Capacity = truth
		}
		out = append(out, one)
	}
	if change != nil && !found {
		var names []string
		for _, r := range t.Knowledge.Resources {
			names = append(names, r.Name)
		}
		return nil, nil, fmt.Errorf("what if %s: there is no such resource; there are %s", change.Resource, strings.Join(names, ", "))
	}
	return out, dark, nil
}

// pagesOf makes a session that asks each backend as often, and at the mean as
// late after the claim, as sessions are known to.
func pagesOf(k steering.Knowledge) []Request {
	var was steering.KnownResource
	var backends []steering.KnownResource
	for _, r := range k.Resources {
		switch {
		case r.Kind == steering.KindWAS:
			was = r
		case r.Visits > 0:
			backends = append(backends, r)
		}
	}
	slices.SortFunc(backends, func(a, b steering.KnownResource) int {
		return cmp.Or(cmp.Compare(a.AgeMS, b.AgeMS), cmp.Compare(a.Name, b.Name))
	})
	if len(backends) == 0 {
		backends = []steering.KnownResource{{AgeMS: max(1, was.AgeMS)}}
	}
	var pages []Request
	before := int64(0)
	for _, r := range backends {
		page := Request{
			Name: r.Name, Uses: map[string]float64{was.Name: was.Visits / float64(len(backends))},
			Think: Distribution{Mean: Duration(float64(max(r.AgeMS-before, 100)) / 1000), CV: 0.7},
		}
		if r.Name != "" {
			page.Uses[r.Name] = r.Visits
		} else {
			page.Name = "session"
		}
		pages = append(pages, page)
		before = max(before, r.AgeMS)
	}
	return pages
}
