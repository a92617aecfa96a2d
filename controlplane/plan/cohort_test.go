package plan_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"sunbeon/controlplane/plan"
)

func TestDrawnCohortOpensOnlyApprovedSealedAndDrawn(t *testing.T) {
	e := newEvening(t)
	e.must(plan.CohortDefine, plan.DefineCohort{Cohort: drawn("c40")})
	root, seed := strings.Repeat("ab", 32), strings.Repeat("cd", 32)
	seal := plan.SealDraw{Cohort: "c40", Count: 3, Root: root}
	reveal := plan.RevealDraw{Cohort: "c40", Secret: hex.EncodeToString(secret), Seed: seed}
	to := func(p plan.Phase) plan.MovePhase { return plan.MovePhase{Cohort: "c40", Phase: p} }

	e.refused(plan.IllegalPhase, plan.CohortPhase, to(plan.Open))
	e.must(plan.CohortPhase, to(plan.Lobby))
	e.refused(plan.IllegalPhase, plan.DrawSeal, seal)
	e.refused(plan.NotDrawn, plan.DrawReveal, reveal)
	e.must(plan.CohortPhase, to(plan.Sealed))
	e.refused(plan.NotApproved, plan.CohortPhase, to(plan.Open))
	e.must(plan.CohortApprove, plan.ApproveCohort{Cohort: "c40"})
	e.refused(plan.NotDrawn, plan.CohortPhase, to(plan.Open))
	e.must(plan.DrawSeal, seal)
	e.must(plan.DrawSeal, seal) // a gate that lost the answer says it again
	e.refused(plan.Conflict, plan.DrawSeal, plan.SealDraw{Cohort: "c40", Count: 4, Root: root})
	e.refused(plan.NotDrawn, plan.CohortPhase, to(plan.Open))
	e.refused(plan.BadSecret, plan.DrawReveal, plan.RevealDraw{Cohort: "c40", Secret: "00", Seed: seed})
	e.must(plan.DrawReveal, reveal)
	e.refused(plan.Conflict, plan.DrawReveal, plan.RevealDraw{Cohort: "c40", Secret: reveal.Secret, Seed: root})
	e.must(plan.CohortPhase, to(plan.Open))
	e.must(plan.CohortPhase, to(plan.Paused))
	e.refused(plan.OutOfBounds, plan.CohortPhase, to(plan.Lobby)) // it would open again at once
	before := e.plan.Cohorts["c40"]
	later := plan.MovePhase{Cohort: "c40", Phase: plan.Lobby, OpenMS: e.plan.ClockMS + 3_600_000}
	e.must(plan.CohortPhase, later) // undone, with the order kept
	if c := e.plan.Cohorts["c40"]; c.OpenMS != later.OpenMS || c.CloseMS-c.OpenMS != before.CloseMS-before.OpenMS || !c.Drawn() {
		t.Errorf("back in the lobby: %+v", c)
	}
	e.must(plan.CohortPhase, to(plan.Sealed))
	e.must(plan.CohortPhase, to(plan.Open))
	e.must(plan.CohortPhase, to(plan.Closed))
	e.refused(plan.IllegalPhase, plan.CohortPhase, to(plan.Open))
}

func TestDefineCohort(t *testing.T) {
	f := func(name string, change func(*plan.Cohort), code string) {
		t.Run(name, func(t *testing.T) {
			e := newEvening(t)
			c := drawn("c40")
			change(&c)
			if r := e.give(plan.CohortDefine, plan.DefineCohort{Cohort: c}); r.Code != code {
				t.Errorf("got %+v, want code %q", r, code)
			}
		})
	}
	f("valid", func(*plan.Cohort) {}, "")
	f("no id", func(c *plan.Cohort) { c.ID = "" }, plan.Malformed)
	f("id of everything", func(c *plan.Cohort) { c.ID = plan.All }, plan.Malformed)
	f("slash in the id", func(c *plan.Cohort) { c.ID = "a/b" }, plan.Malformed)
	f("no such day", func(c *plan.Cohort) { c.BirthFrom = "1972-02-30" }, plan.Malformed)
	f("born backwards", func(c *plan.Cohort) { c.BirthTo = "1960-01-01" }, plan.Malformed)
	f("digit", func(c *plan.Cohort) { c.LastDigits = []int{10} }, plan.Malformed)
	f("no commitment", func(c *plan.Cohort) { c.Commitment = "" }, plan.Malformed)
	f("seal after opening", func(c *plan.Cohort) { c.SealMS = c.OpenMS + 1 }, plan.Malformed)
	f("closing before opening", func(c *plan.Cohort) { c.CloseMS = c.OpenMS }, plan.Malformed)
	f("negative supply", func(c *plan.Cohort) { c.Supply = -1 }, plan.Malformed)
	f("order", func(c *plan.Cohort) { c.Order = "by age" }, plan.Malformed)
}

func TestDefiningAgain(t *testing.T) {
	e := newEvening(t)
	e.open("c40", 1)
	before := e.plan.Cohorts["c40"]
	e.must(plan.CohortDefine, plan.DefineCohort{Cohort: firstCome("c40")})
	if after := e.plan.Cohorts["c40"]; after.Phase != plan.Open || after.Index != before.Index {
		t.Errorf("the same definition changed an open cohort: %+v", after)
	}
	other := firstCome("c40")
	other.Supply = 10
	e.refused(plan.IllegalPhase, plan.CohortDefine, plan.DefineCohort{Cohort: other})

	e.must(plan.CohortDefine, plan.DefineCohort{Cohort: drawn("c50")})
	e.must(plan.CohortApprove, plan.ApproveCohort{Cohort: "c50"})
	later := drawn("c50")
	later.CloseMS += 1000
	e.must(plan.CohortDefine, plan.DefineCohort{Cohort: later})
	if got := e.plan.Cohorts["c50"].ApprovedBy; got != nil {
		t.Errorf("a new timetable is still approved by %v", got)
	}
}

func TestPostpone(t *testing.T) {
	e := newEvening(t)
	c := drawn("c40")
	e.must(plan.CohortDefine, plan.DefineCohort{Cohort: c})
	e.refused(plan.OutOfBounds, plan.CohortPostpone, plan.PostponeCohort{Cohort: "c40", OpenMS: c.OpenMS})
	e.refused(plan.ReasonMissing, plan.CohortPostpone, plan.PostponeCohort{Cohort: "c40", OpenMS: c.OpenMS + 1},
		func(c *plan.Command) { c.Reason = "" })
	e.must(plan.CohortPostpone, plan.PostponeCohort{Cohort: "c40", OpenMS: c.OpenMS + 60_000})
	got := e.plan.Cohorts["c40"]
	if got.SealMS != c.SealMS+60_000 || got.CloseMS != c.CloseMS+60_000 || got.Note != "test" {
		t.Errorf("postponed to %+v", got)
	}
	e.must(plan.CohortPhase, plan.MovePhase{Cohort: "c40", Phase: plan.Lobby})
	e.must(plan.CohortPhase, plan.MovePhase{Cohort: "c40", Phase: plan.Sealed})
	e.must(plan.CohortPostpone, plan.PostponeCohort{Cohort: "c40", OpenMS: c.OpenMS + 120_000})
	if sealed := e.plan.Cohorts["c40"]; sealed.SealMS != got.SealMS {
		t.Error("the hour of a seal that has happened moved")
	}
}

// Two officials read the public value; one who misread does not decide, and
// nobody names it before the seal.
func TestBeaconValueIsNamedByTwoOfficials(t *testing.T) {
	e := newEvening(t)
	root, seed := strings.Repeat("ab", 32), strings.Repeat("cd", 32)
	c := drawn("c40")
	c.DrawMode, c.Commitment = plan.DrawBeacon, ""
	e.refused(plan.Malformed, plan.CohortDefine, plan.DefineCohort{Cohort: c})
	c.Source = "lottery of Saturday"
	e.must(plan.CohortDefine, plan.DefineCohort{Cohort: c})
	name := func(actor, value string) plan.Result {
		return e.give(plan.DrawValue, plan.NameValue{Cohort: "c40", Value: value}, func(c *plan.Command) { c.Actor = actor })
	}
	if r := name("kim", "0a0b"); r.Code != plan.NotDrawn {
		t.Errorf("named before the seal: %+v", r)
	}
	e.must(plan.CohortPhase, plan.MovePhase{Cohort: "c40", Phase: plan.Lobby})
	e.must(plan.CohortPhase, plan.MovePhase{Cohort: "c40", Phase: plan.Sealed})
	e.must(plan.DrawSeal, plan.SealDraw{Cohort: "c40", Count: 3, Root: root})
	value := func() string { return e.plan.Cohorts["c40"].Draw.Secret }
	for _, step := range []struct{ actor, value, want string }{
		{"kim", "0a0c", ""}, {"kim", "0a0b", ""}, {"kim", "0a0b", ""}, {"lee", "0a0c", ""}, {"park", "0a0b", "0a0b"},
	} {
		if r := name(step.actor, step.value); !r.OK || value() != step.want {
			t.Errorf("%+v: %+v, value %q", step, r, value())
		}
	}
	if r := name("lee", "0a0c"); r.Code != plan.Conflict {
		t.Errorf("named another value afterwards: %+v", r)
	}
	e.refused(plan.BadSecret, plan.DrawReveal, plan.RevealDraw{Cohort: "c40", Secret: "0a0c", Seed: seed})
	e.must(plan.DrawReveal, plan.RevealDraw{Cohort: "c40", Secret: "0a0b", Seed: seed})
}

// Evening follows evening: those that are over make room, with all that belongs
// to them.
func TestTheCohortClosedLongestAgoMakesRoom(t *testing.T) {
	e := newEvening(t)
	define := func(n int) plan.DefineCohort {
		return plan.DefineCohort{Cohort: drawn(fmt.Sprintf("c%d", n))}
	}
	for n := range 256 {
		e.must(plan.CohortDefine, define(n))
	}
	e.refused(plan.TooLarge, plan.CohortDefine, define(256))
	for _, id := range []string{"c17", "c4"} {
		e.must(plan.LineReport, plan.ReportLine{Cohort: id, Gate: "gate-1", Issued: 9})
		e.must(plan.HoldSet, plan.SetHold{Scope: id})
		e.must(plan.TrialRecord, plan.RecordTrial{Check: plan.TrialPersons, Subject: id, OK: true})
		e.must(plan.CohortPhase, plan.MovePhase{Cohort: id, Phase: plan.Closed})
	}
	e.must(plan.CohortDefine, define(256))
	p := e.plan
	if _, kept := p.Cohorts["c17"]; kept || len(p.Cohorts) != 256 || p.Cohorts["c4"].Phase != plan.Closed {
		t.Errorf("%d cohorts, c17 %v", len(p.Cohorts), kept)
	}
	if len(p.Lines) != 1 || len(p.Holds) != 1 || len(p.Trials) != 1 || p.Lines[plan.LineKey("c4", "gate-1")].Issued != 9 {
		t.Errorf("lines %v, holds %v, trials %v", p.Lines, p.Holds, p.Trials)
	}
	e.must(plan.CohortDefine, define(257))
	e.refused(plan.TooLarge, plan.CohortDefine, define(258))
}
