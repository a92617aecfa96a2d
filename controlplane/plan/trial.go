package plan

import (
	"maps"
	"slices"
)

// Trial is something that was tried before an opening because nobody can know
// it otherwise, and what came of it.
type Trial struct {
	Revision
	// Check is [TrialBreakGlass] or [TrialPersons]; Subject is what it was
	// tried on: a gate, or a cohort.
	Check   string `json:"check"`
	Subject string `json:"subject"`
	OK      bool   `json:"ok"`
	Detail  string `json:"detail"`
	By      string `json:"by"`
	TimeMS  int64  `json:"time_ms"`
}

// What is tried: a hold at a gate without the control plane, and whom the gates
// take for a cohort's at each boundary of its birthdays.
const (
	TrialBreakGlass = "break-glass"
	TrialPersons    = "test persons"
)

// RecordTrial is the body of trial.record; who tried is the command's.
type RecordTrial struct {
	Check   string `json:"check"`
	Subject string `json:"subject"`
	OK      bool   `json:"ok"`
	Detail  string `json:"detail"`
}

// TrialMS is how long a trial says something: as long as a break-glass token.
const TrialMS = 24 * 3600 * 1000

// maxTrials bounds the section; the oldest go first.
const maxTrials = 256

// TrialOf is the latest trial of a subject that still says something at nowMS.
func (p *Plan) TrialOf(check, subject string, nowMS int64) (Trial, bool) {
	t, ok := p.Trials[trialKey(check, subject)]
	return t, ok && nowMS < t.TimeMS+TrialMS
}

func trialKey(check, subject string) string { return check + "/" + subject }

func recordTrial(d *draft, b RecordTrial) error {
	switch {
	case b.Check != TrialBreakGlass && b.Check != TrialPersons:
		return refuse(Malformed, "nothing called %q is tried", b.Check)
	case b.Subject == "" || len(b.Subject) > maxIDLength || len(b.Detail) > maxNote:
		return refuse(Malformed, "a trial names its subject, and tells at most %d bytes", maxNote)
	}
	key := trialKey(b.Check, b.Subject)
	if _, known := d.Trials[key]; !known && len(d.Trials) >= maxTrials {
		drop(&d.Trials, oldest(d.Trials))
	}
	put(&d.Trials, key, Trial{
		Revision: d.now(), Check: b.Check, Subject: b.Subject, OK: b.OK, Detail: b.Detail,
		By: d.command.Actor, TimeMS: d.ClockMS,
	})
	return nil
}

// oldest is the key of the value that changed longest ago.
func oldest[V revisioned](section map[string]V) string {
	return slices.MinFunc(slices.Collect(maps.Keys(section)), func(x, y string) int {
		return int(int64(section[x].revision()) - int64(section[y].revision()))
	})
}

// Acceptance is who let a cohort go on although its preflight was not green.
type Acceptance struct {
	// Checks are those that did not pass.
	Checks []string `json:"checks"`
	By     string   `json:"by"`
	Reason string   `json:"reason"`
	TimeMS int64    `json:"time_ms"`
}

// Bounds of what a cohort keeps of its acceptances; the oldest go first.
const (
	maxAcceptances = 8
	maxAccepted    = 32
)

// accept keeps what the command's author let pass.
func (d *draft) accept(c Cohort, checks []string) (Cohort, error) {
	if len(checks) == 0 {
		return c, nil
	}
	long := func(name string) bool { return name == "" || len(name) > maxIDLength }
	switch {
	case len(checks) > maxAccepted || slices.ContainsFunc(checks, long):
		return c, refuse(Malformed, "at most %d checks are accepted, by their names", maxAccepted)
	case d.command.Reason == "":
		return c, refuse(ReasonMissing, "whoever accepts what is not green says why")
	}
	c.Accepted = append(slices.Clone(c.Accepted), Acceptance{
		Checks: checks, By: d.command.Actor, Reason: d.command.Reason, TimeMS: d.ClockMS,
	})
	c.Accepted = c.Accepted[max(0, len(c.Accepted)-maxAcceptances):]
	return c, nil
}
