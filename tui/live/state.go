// Package live is what the terminal knows at a moment: the newest view of the
// plan with its age, who the members are, and the last minutes as samples.
package live

import (
	"time"

	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/standing"
)

// StaleAfter is the age from which data counts as old: two bookmarks missed
// and then some.
const StaleAfter = 3 * time.Second

// State is handed to every page to draw from.
type State struct {
	Now      time.Time
	View     client.View // its Plan is nil before the first one came
	Received time.Time
	Members  opsapi.Members
	History  History
	// Refused is why the nodes will not talk to us; watching has then ended.
	Refused error
}

// Known reports whether any plan was received yet.
func (s *State) Known() bool { return s.View.Plan != nil }

// Plan is the newest plan; an empty one before the first came.
func (s *State) Plan() *plan.Plan {
	if s.View.Plan == nil {
		return plan.New()
	}
	return s.View.Plan
}

// Age is how old the plan is: how long ago it came, and how old its node's
// contact with the leader was then.
func (s *State) Age() time.Duration {
	if !s.Known() {
		return 0
	}
	return max(0, s.Now.Sub(s.Received)) + s.View.LeaderAge
}

// Stale reports whether what is shown may no longer be so.
func (s *State) Stale() bool { return !s.Known() || s.Age() > StaleAfter }

// NowMS is the moment in Unix milliseconds.
func (s *State) NowMS() int64 { return s.Now.UnixMilli() }

// Standings are the cohorts' lines at the moment.
func (s *State) Standings() []standing.Standing { return standing.All(s.Plan(), s.NowMS()) }

// Receive takes in a view.
func (s *State) Receive(v client.View, now time.Time) {
	s.View, s.Received, s.Now = v, now, now
}

// Sample records the moment for the charts, once a second however often it is
// called. Nothing is recorded while the data is old: a gap is honest, a flat line
// is not.
func (s *State) Sample() {
	if s.Stale() || s.History.has(s.Now) {
		return
	}
	t := Total(s.Standings())
	s.History.add(Sample{At: s.Now, RateMilli: t.RateMilli, Serving: t.Serving, Waiting: t.Waiting, Booked: t.Booked})
}

// Totals over all cohorts.
type Totals struct {
	Issued, Serving, Waiting, Called, Claimed, Booked int64
	// RateMilli is the rate the open cohorts are called at.
	RateMilli int64
}

// Total sums lines up. The rate is that of the leases while they run: what
// calling is allowed, also at the end of a line.
func Total(all []standing.Standing) Totals {
	var t Totals
	for _, s := range all {
		t.Issued += s.Issued
		t.Serving += min(s.Serving, s.Issued)
		t.Waiting += s.Waiting
		t.Called += s.Called
		t.Claimed += s.Claimed
		t.Booked += s.Booked
		switch {
		case s.Cohort.Phase != plan.Open || s.Held:
		case s.LeaseLeftMS > 0:
			t.RateMilli += s.LeaseRateMilli
		default:
			t.RateMilli += s.RateMilli
		}
	}
	return t
}
