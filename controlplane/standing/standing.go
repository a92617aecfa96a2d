// Package standing tells how a cohort's line stands: what operators, the
// status page and the terminal show is computed here once, from the plan and a
// moment. It is pure.
package standing

import (
	"cmp"
	"slices"

	"sunbeon/controlplane/plan"
)

// Standing is one cohort's line at one moment. Counts are people, summed over
// the gates' last reports; rates are thousandths of a turn per second.
type Standing struct {
	Cohort plan.Cohort `json:"cohort"`
	// Issued is the number of turns given out.
	Issued int64 `json:"issued"`
	// Serving is the number up to which turns are called.
	Serving int64 `json:"serving"`
	// Waiting is how many turns are not called yet.
	Waiting int64 `json:"waiting"`
	// Called is how many called people have not claimed their pass.
	Called   int64 `json:"called"`
	Claimed  int64 `json:"claimed"`
	Booked   int64 `json:"booked"`
	Sessions int64 `json:"sessions"`
	// RateMilli is the rate turns are called at now: 0 at the end of the line.
	RateMilli int64 `json:"rate_milli"`
	// LeaseRateMilli is the rate the segment in force was given.
	LeaseRateMilli int64 `json:"lease_rate_milli"`
	// SegmentAgeMS is how long ago the segment in force began.
	SegmentAgeMS int64 `json:"segment_age_ms"`
	// LeaseLeftMS is how long the segment's lease still runs; negative once
	// the number decays for want of a control plane.
	LeaseLeftMS int64 `json:"lease_left_ms"`
	// Serves says whether a segment exists at all.
	Serves bool `json:"serves"`
	// Held says that an operator stopped admission, here or everywhere.
	Held bool `json:"held"`
}

// Of is the standing of one cohort at nowMS (Unix milliseconds); ok is false
// for a cohort the plan does not know.
func Of(p *plan.Plan, cohort string, nowMS int64) (s Standing, ok bool) {
	c, ok := p.Cohorts[cohort]
	if !ok {
		return Standing{}, false
	}
	s.Cohort = c
	for _, line := range p.Lines {
		if line.Cohort != cohort {
			continue
		}
		s.Issued += line.Issued
		s.Claimed += line.Claimed
		s.Booked += line.Booked
		s.Sessions += line.Sessions
	}
	if segments, found := p.Segments[cohort]; found {
		current := segments.Current
		s.Serves = true
		s.Serving = current.At(nowMS)
		s.RateMilli = current.RateAt(nowMS)
		s.LeaseRateMilli = current.RateMilli
		s.SegmentAgeMS = nowMS - current.T0
		s.LeaseLeftMS = current.Until - nowMS
	}
	s.Waiting = max(0, s.Issued-s.Serving)
	s.Called = max(0, min(s.Serving, s.Issued)-s.Claimed)
	s.Held = p.Held(cohort)
	return s, true
}

// All is the standing of every cohort, in the order they open.
func All(p *plan.Plan, nowMS int64) []Standing {
	all := make([]Standing, 0, len(p.Cohorts))
	for id := range p.Cohorts {
		s, _ := Of(p, id, nowMS)
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Standing) int {
		return cmp.Or(cmp.Compare(a.Cohort.OpenMS, b.Cohort.OpenMS), cmp.Compare(a.Cohort.ID, b.Cohort.ID))
	})
	return all
}

// Frozen is the freeze in force on an actuator at nowMS, if any.
func Frozen(p *plan.Plan, actuator string, nowMS int64) (plan.Freeze, bool) {
	for _, scope := range []string{actuator, plan.All} {
		if f, ok := p.Freezes[scope]; ok && f.UntilMS > nowMS {
			return f, true
		}
	}
	return plan.Freeze{}, false
}

// Running counts the instances of a kind that are ready, and all of them.
func Running(p *plan.Plan, kind string) (ready, all int) {
	for _, i := range p.Instances {
		if i.Kind != kind {
			continue
		}
		all++
		if i.State == plan.Ready {
			ready++
		}
	}
	return ready, all
}

// Sorted are the values of a section in the order of their keys.
func Sorted[V any](section map[string]V) []V {
	keys := make([]string, 0, len(section))
	for key := range section {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	values := make([]V, len(keys))
	for i, key := range keys {
		values[i] = section[key]
	}
	return values
}
