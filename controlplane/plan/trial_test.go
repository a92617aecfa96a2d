package plan_test

import (
	"fmt"
	"slices"
	"testing"

	"sunbeon/controlplane/plan"
)

func TestTrialsSaySomethingForADay(t *testing.T) {
	e := newEvening(t)
	trial := plan.RecordTrial{Check: plan.TrialBreakGlass, Subject: "gate-1", OK: true, Detail: "held and released"}
	e.must(plan.TrialRecord, trial)
	at := e.plan.ClockMS
	if got, ok := e.plan.TrialOf(plan.TrialBreakGlass, "gate-1", at+plan.TrialMS-1); !ok || !got.OK || got.By != "kim" {
		t.Errorf("%+v, %v", got, ok)
	}
	if _, ok := e.plan.TrialOf(plan.TrialBreakGlass, "gate-1", at+plan.TrialMS); ok {
		t.Error("a trial of yesterday counts")
	}
	trial.OK = false
	e.must(plan.TrialRecord, trial)
	if got, _ := e.plan.TrialOf(plan.TrialBreakGlass, "gate-1", at); got.OK {
		t.Error("the latest trial does not count")
	}
	e.refused(plan.Malformed, plan.TrialRecord, plan.RecordTrial{Check: "weather", Subject: "gate-1"})
	e.refused(plan.Malformed, plan.TrialRecord, plan.RecordTrial{Check: plan.TrialPersons})
	for i := range 300 {
		e.must(plan.TrialRecord, plan.RecordTrial{Check: plan.TrialPersons, Subject: fmt.Sprint(i)})
	}
	if _, ok := e.plan.TrialOf(plan.TrialPersons, "299", at); !ok || len(e.plan.Trials) != 256 {
		t.Errorf("%d trials", len(e.plan.Trials))
	}
}

func TestAcceptedChecksAreKept(t *testing.T) {
	e := newEvening(t)
	e.must(plan.CohortDefine, plan.DefineCohort{Cohort: firstCome("c40")})
	e.must(plan.CohortApprove, plan.ApproveCohort{Cohort: "c40", Accept: []string{"disk"}})
	e.must(plan.CohortPhase, plan.MovePhase{Cohort: "c40", Phase: plan.Lobby})
	e.must(plan.CohortPhase, plan.MovePhase{Cohort: "c40", Phase: plan.Open, Accept: []string{"gate", "disk"}})
	accepted := e.plan.Cohorts["c40"].Accepted
	if len(accepted) != 2 || accepted[0].By != "kim" || accepted[0].Reason != "test" || !slices.Equal(accepted[1].Checks, []string{"gate", "disk"}) {
		t.Errorf("accepted %+v", accepted)
	}
	e.must(plan.CohortDefine, plan.DefineCohort{Cohort: firstCome("c50")})
	e.refused(plan.Malformed, plan.CohortApprove, plan.ApproveCohort{Cohort: "c50", Accept: make([]string, 33)})
	e.refused(plan.ReasonMissing, plan.CohortApprove, plan.ApproveCohort{Cohort: "c50", Accept: []string{"disk"}},
		func(c *plan.Command) { c.Reason = "" })
}

// A token that expires does not leave the other commander alone with the
// switch; when the last one has, the installation names people anew.
func TestAnExpiredTokenDoesNotDisarm(t *testing.T) {
	e := newEvening(t)
	for _, name := range []string{"kim", "lee"} {
		e.must(plan.OperatorSet, plan.SetOperator{Name: name, Role: plan.Commander, TokenHash: commitment(), ExpiresMS: dayMS + map[string]int64{"kim": 3_600_000, "lee": 10_000}[name]},
			func(c *plan.Command) { c.Actor = plan.Installation })
	}
	e.must(plan.HoldSet, plan.SetHold{Scope: plan.All})
	e.nowMS += 60_000
	e.refused(plan.NeedsApproval, plan.HoldRelease, plan.ReleaseHold{Scope: plan.All})
	e.nowMS += 3_600_000
	e.must(plan.HoldRelease, plan.ReleaseHold{Scope: plan.All}, func(c *plan.Command) { c.Actor = plan.Installation })
}

// Whoever may only tighten does not loosen by a way round, also while one
// person still acts alone.
func TestAnOperatorDoesNotLoosenByUndo(t *testing.T) {
	e := newEvening(t)
	e.must(plan.OperatorSet, plan.SetOperator{Name: "park", Role: plan.OnCall, TokenHash: commitment()})
	park := func(c *plan.Command) { c.Actor = "park" }
	e.must(plan.HoldSet, plan.SetHold{Scope: plan.All})
	hold := e.plan.Index
	e.refused(plan.NotAllowed, plan.ChangeUndo, plan.UndoChange{At: hold}, park)
	e.refused(plan.NotAllowed, plan.HoldRelease, plan.ReleaseHold{Scope: plan.All}, park)
	e.refused(plan.NotAllowed, plan.ReplicasSet, plan.SetReplicas{Max: new(100)}, park)
	e.must(plan.ReplicasSet, plan.SetReplicas{Desired: new(2)}, park)
	e.must(plan.ChangeUndo, plan.UndoChange{At: hold})
}
