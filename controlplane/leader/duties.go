package leader

import (
	"cmp"
	"maps"
	"slices"

	"sunbeon/controlplane/plan"
)

// duty is a command that is due.
type duty struct {
	command plan.Command
	// leadsOn says that something else may be due once it is done.
	leadsOn bool
}

const (
	// drawGraceMS is how long after its hour an opening waits for the draw.
	drawGraceMS = 10_000
	// postponeMS is how far an opening that cannot go ahead is put off, again
	// and again: the public always sees an hour that lies ahead.
	postponeMS = 60_000
	// renewIdleMS: a segment with nobody left to call is renewed when this
	// much of its lease is left, instead of each second.
	renewIdleMS = 5_000
)

// duties lists what is due at nowMS, in a fixed order.
func duties(p *plan.Plan, nowMS int64, steer Steer, sure sureness) []duty {
	wantedMilli := steer.Wanted(p, nowMS)
	var due []duty
	add := func(kind plan.Kind, body any, change func(*duty)) {
		c, err := plan.NewCommand(kind, body)
		if err != nil {
			panic(err) // bodies are structs of plain fields
		}
		d := duty{command: c}
		if change != nil {
			change(&d)
		}
		due = append(due, d)
	}

	for _, c := range sorted(p.Cohorts) {
		if kind, body, reason := timetable(c, nowMS, steer); kind != "" {
			add(kind, body, func(d *duty) { d.leadsOn, d.command.Reason, d.command.Seen = true, reason, c.Index })
		}
	}
	for _, c := range sorted(p.Cohorts) {
		if c.Phase == plan.Open && renewalDue(p, c.ID, wantedMilli, nowMS) {
			add(plan.SegmentRenew, plan.RenewSegment{
				Cohort: c.ID, RateMilli: wantedMilli, NoRaise: !sure.raise,
				SetAheadMS: sure.ahead.since(p.Segments[c.ID].Current.T0),
			}, nil)
		}
	}
	if sure.expire {
		for _, o := range sorted(p.Overrides) {
			if nowMS >= o.UntilMS {
				add(plan.OverrideClear, plan.ClearOverride{Target: o.Target}, expired(o.Index))
			}
		}
		for _, f := range sorted(p.Freezes) {
			if nowMS >= f.UntilMS {
				add(plan.FreezeRelease, plan.ReleaseFreeze{Scope: f.Scope}, expired(f.Index))
			}
		}
	}
	if sure.forget {
		for _, i := range sorted(p.Instances) {
			if nowMS-i.ReportMS > silenceMS {
				add(plan.InstanceForget, plan.ForgetInstance{ID: i.ID}, func(d *duty) {
					d.command.Reason, d.command.Seen = "silent for 15 s", i.Index
				})
			}
		}
	}
	return due
}

// expired ends what has not been changed since it was looked at.
func expired(index uint64) func(*duty) {
	return func(d *duty) { d.command.Reason, d.command.Seen = "expired", index }
}

// timetable is the next step of a cohort's evening, if its hour has come.
func timetable(c plan.Cohort, nowMS int64, steer Steer) (kind plan.Kind, body any, reason string) {
	move := func(to plan.Phase) (plan.Kind, any, string) {
		return plan.CohortPhase, plan.MovePhase{Cohort: c.ID, Phase: to}, "timetable"
	}
	seal := c.SealMS != 0 && nowMS >= c.SealMS
	switch {
	case c.Phase == plan.Closed:
		return "", nil, ""
	case nowMS >= c.CloseMS:
		return move(plan.Closed)
	case c.Phase == plan.Scheduled && nowMS >= c.LobbyMS:
		return move(plan.Lobby)
	case c.Phase == plan.Lobby && seal:
		return move(plan.Sealed)
	case c.Phase != plan.Lobby && c.Phase != plan.Sealed || nowMS < c.OpenMS:
		return "", nil, ""
	}
	code, detail := c.Openable()
	switch {
	case code == "" && steer.MayOpen(c.ID):
		return move(plan.Open)
	case code == "" && nowMS < c.OpenMS+drawGraceMS:
		return "", nil, ""
	case code == "":
		detail = "steering holds the opening back"
	case code == plan.NotDrawn && nowMS < c.OpenMS+drawGraceMS:
		return "", nil, ""
	}
	kind, body = postponed(c.ID, nowMS)
	return kind, body, detail
}

func postponed(cohort string, nowMS int64) (plan.Kind, any) {
	return plan.CohortPostpone, plan.PostponeCohort{Cohort: cohort, OpenMS: nowMS + postponeMS}
}

// renewalDue tells whether a cohort's segment has to be written anew. Standing
// still needs no renewal, and neither does a line that is called to its end,
// until its lease runs out.
func renewalDue(p *plan.Plan, cohort string, wantedMilli, nowMS int64) bool {
	s, ok := p.Segments[cohort]
	if !ok {
		return true
	}
	rate := p.RateOf(cohort, wantedMilli, nowMS)
	if rate != s.Current.RateMilli {
		return true
	}
	if rate == 0 {
		return false
	}
	idle := s.Current.At(nowMS) >= s.Current.Cap && p.CapOf(cohort, rate) <= s.Current.Cap
	return !idle || s.Current.Until-nowMS < renewIdleMS
}

func sorted[V any](section map[string]V) []V {
	values := make([]V, 0, len(section))
	for _, key := range slices.SortedFunc(maps.Keys(section), cmp.Compare[string]) {
		values = append(values, section[key])
	}
	return values
}
