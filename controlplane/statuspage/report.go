// Package statuspage tells citizens and officials how an opening goes: a page
// that needs no JavaScript, in Korean and English, and a JSON feed with the
// same facts. Every control-plane node serves both from its own copy of the
// plan, so the page stays up while any node does, and it says how old its
// facts are: past a bound it turns "unknown" rather than staying green.
//
// It shows sums over people only. Counts too small to hide anyone are left
// out, and nothing names a node, an address or a person.
package statuspage

import (
	"time"

	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/standing"
)

const (
	// staleAfter is the age from which the page no longer says how things are:
	// a serving lease and a half.
	staleAfter = 15 * time.Second
	// silentAfter is how long a process may not report before it does not
	// count as running: reports are due every five seconds.
	silentAfter = 20 * time.Second
	// fewBelow is the least count that is shown; smaller ones could point at
	// somebody.
	fewBelow = 10
)

// Light is how a part of the service does.
type Light string

// The lights; each has a word and a sign besides its colour.
const (
	Normal  Light = "normal"
	Slow    Light = "slow"
	Down    Light = "down"
	Unknown Light = "unknown"
)

// Condition is what a cohort's line does, for the public.
type Condition string

// The conditions: the phases, a hold, and not knowing.
const (
	Scheduled Condition = "scheduled"
	Lobby     Condition = "lobby"
	Sealed    Condition = "sealed"
	Open      Condition = "open"
	Paused    Condition = "paused"
	Closed    Condition = "closed"
	NotKnown  Condition = "unknown"
)

// Report is everything the page shows. Times are Unix milliseconds.
type Report struct {
	AtMS  int64 `json:"at_ms"`
	AgeMS int64 `json:"age_ms"`
	// Known is false when the facts are too old to be shown.
	Known    bool      `json:"known"`
	Services []Service `json:"services"`
	Cohorts  []Cohort  `json:"cohorts"`
}

// Service is one light.
type Service struct {
	Name  string `json:"name"` // line, booking, steering
	Light Light  `json:"light"`
}

// Cohort is one line. A count is null when it is not known or too small to be
// shown.
type Cohort struct {
	ID        string            `json:"id"`
	Name      map[string]string `json:"name"`
	Condition Condition         `json:"condition"`
	LobbyMS   int64             `json:"lobby_ms"`
	OpenMS    int64             `json:"open_ms"`
	CloseMS   int64             `json:"close_ms"`
	Issued    *int64            `json:"issued"`
	Serving   *int64            `json:"serving"`
	Waiting   *int64            `json:"waiting"`
	Booked    *int64            `json:"booked"`
	// PerMinute is how many people are called a minute at this moment.
	PerMinute *int64 `json:"per_minute"`
	// NobodyWaits is true where who comes now is called at once.
	NobodyWaits bool `json:"nobody_waits"`
	// LastFromMS and LastToMS bound the time at which whoever is last in line
	// now will be called if the rate stays; 0 when nobody can say.
	LastFromMS int64  `json:"last_from_ms,omitempty"`
	LastToMS   int64  `json:"last_to_ms,omitempty"`
	Note       string `json:"note,omitempty"`
}

// Make reports on the plan at now, as a node tells it that heard from its
// leader age ago.
func Make(p *plan.Plan, age time.Duration, now time.Time) Report {
	nowMS := now.UnixMilli()
	known := age <= staleAfter
	r := Report{AtMS: nowMS, AgeMS: age.Milliseconds(), Known: known, Services: services(p, known, nowMS), Cohorts: []Cohort{}}
	for _, s := range standing.All(p, nowMS) {
		r.Cohorts = append(r.Cohorts, cohort(s, known, nowMS))
	}
	return r
}

func services(p *plan.Plan, known bool, nowMS int64) []Service {
	steering := Normal
	if !known {
		steering = Unknown
	}
	return []Service{
		{"line", light(p, plan.KindGate, 1, known, nowMS)},
		{"booking", light(p, plan.KindWAS, p.Replicas.Desired, known, nowMS)},
		{"steering", steering},
	}
}

// light is normal while as many processes of a kind are ready as there should
// be, and down when none is.
func light(p *plan.Plan, kind string, wanted int, known bool, nowMS int64) Light {
	if !known {
		return Unknown
	}
	ready := 0
	for _, i := range p.Instances {
		if i.Kind == kind && i.State == plan.Ready && nowMS-i.ReportMS <= silentAfter.Milliseconds() {
			ready++
		}
	}
	switch {
	case ready == 0:
		return Down
	case ready < wanted:
		return Slow
	}
	return Normal
}

func cohort(s standing.Standing, known bool, nowMS int64) Cohort {
	c := Cohort{
		ID: s.Cohort.ID, Name: s.Cohort.Name, Condition: condition(s),
		LobbyMS: s.Cohort.LobbyMS, OpenMS: s.Cohort.OpenMS, CloseMS: s.Cohort.CloseMS, Note: s.Cohort.Note,
	}
	if !known {
		c.Condition = NotKnown
		return c
	}
	c.Issued, c.Waiting, c.Booked = shown(s.Issued), shown(s.Waiting), shown(s.Booked)
	if !s.Serves {
		return c
	}
	serving := min(s.Serving, s.Issued)
	c.Serving = &serving
	perMinute := s.RateMilli * 60 / 1000
	c.PerMinute = &perMinute
	c.NobodyWaits = s.Waiting == 0 && c.Condition == Open
	c.LastFromMS, c.LastToMS = lastCalled(s, nowMS)
	return c
}

// condition says what matters to a citizen: an operator's hold and a pause are
// the same to whoever waits.
func condition(s standing.Standing) Condition {
	if s.Cohort.Phase == plan.Open && s.Held {
		return Paused
	}
	return Condition(s.Cohort.Phase)
}

// shown leaves out counts that could point at somebody; none at all points at
// nobody.
func shown(n int64) *int64 {
	if n > 0 && n < fewBelow {
		return nil
	}
	return &n
}

// lastCalled is a range and not a time, because the rate does not stay: from a
// fifth faster to half as slow again, in whole minutes.
func lastCalled(s standing.Standing, nowMS int64) (fromMS, toMS int64) {
	if s.Waiting == 0 || s.RateMilli == 0 || s.Held || s.Cohort.Phase != plan.Open {
		return 0, 0
	}
	const minute = 60_000
	wait := s.Waiting * 1_000_000 / s.RateMilli // milliseconds
	from := (nowMS + wait*4/5) / minute * minute
	to := (nowMS+wait*3/2)/minute*minute + minute
	return from, to
}
