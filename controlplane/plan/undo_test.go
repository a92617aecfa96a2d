package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sunbeon/controlplane/plan"
)

func (e *evening) undo(at uint64, change ...func(*plan.Command)) plan.Result {
	e.t.Helper()
	return e.give(plan.ChangeUndo, plan.UndoChange{At: at}, change...)
}

// What was there before a change is there again after its undo.
func TestUndoRestores(t *testing.T) {
	f := func(name string, before, change func(e *evening)) {
		t.Helper()
		e := newEvening(t)
		e.open("c40", 1)
		e.report("c40", 1000, 0)
		before(e)
		was := e.plan
		change(e)
		at := e.plan.Index
		if r := e.undo(at); !r.OK {
			t.Fatalf("%s: %+v", name, r)
		}
		same := cmp.Options{cmpopts.IgnoreTypes(plan.Revision{}), cmpopts.EquateEmpty()}
		for section, pair := range map[string][2]any{
			"admission": {was.Admission, e.plan.Admission}, "replicas": {was.Replicas, e.plan.Replicas},
			"overrides": {values(was.Overrides), values(e.plan.Overrides)},
			"freezes":   {keys(was.Freezes), keys(e.plan.Freezes)}, "holds": {keys(was.Holds), keys(e.plan.Holds)},
			"phase": {was.Cohorts["c40"].Phase, e.plan.Cohorts["c40"].Phase},
		} {
			if diff := cmp.Diff(pair[0], pair[1], same); diff != "" {
				t.Errorf("%s: %s (-before +after undo)\n%s", name, section, diff)
			}
		}
		if r := e.undo(at); r.Code != plan.Conflict {
			t.Errorf("%s: undone twice: %+v", name, r)
		}
	}
	nothing := func(*evening) {}
	override := func(value int64) func(e *evening) {
		return func(e *evening) {
			e.must(plan.OverrideSet, plan.SetOverride{Target: plan.TargetAdmission, Value: value, UntilMS: dayMS + 3_600_000})
		}
	}
	hold := func(e *evening) { e.must(plan.HoldSet, plan.SetHold{Scope: "c40"}) }
	freeze := func(e *evening) {
		e.must(plan.FreezeSet, plan.SetFreeze{Scope: plan.All, UntilMS: dayMS + 3_600_000})
	}
	f("admission", nothing, func(e *evening) {
		e.must(plan.AdmissionConfigure, plan.ConfigureAdmission{RateMilli: new(int64(5_000)), MaxMilli: new(int64(9_000))})
	})
	f("replicas", nothing, func(e *evening) { e.must(plan.ReplicasSet, plan.SetReplicas{Desired: new(7)}) })
	f("first override", nothing, override(1_000))
	f("second override", override(1_000), override(2_000))
	f("cleared override", override(1_000), func(e *evening) {
		e.must(plan.OverrideClear, plan.ClearOverride{Target: plan.TargetAdmission})
	})
	f("hold", nothing, hold)
	f("released hold", hold, func(e *evening) { e.must(plan.HoldRelease, plan.ReleaseHold{Scope: "c40"}) })
	f("freeze", nothing, freeze)
	f("released freeze", freeze, func(e *evening) { e.must(plan.FreezeRelease, plan.ReleaseFreeze{Scope: plan.All}) })
	f("pause", nothing, func(e *evening) {
		e.must(plan.CohortPhase, plan.MovePhase{Cohort: "c40", Phase: plan.Paused})
	})
}

func keys[V any](m map[string]V) map[string]bool {
	out := map[string]bool{}
	for k := range m {
		out[k] = true
	}
	return out
}

func values(m map[string]plan.Override) map[string]int64 {
	out := map[string]int64{}
	for k, o := range m {
		out[k] = o.Value
	}
	return out
}

func TestUndoOfAMistakenOpeningKeepsEveryone(t *testing.T) {
	e := newEvening(t)
	e.open("c40", 1)
	opened := e.plan.Index
	e.report("c40", 1000, 40)
	if r := e.undo(opened); !r.OK {
		t.Fatalf("%+v", r)
	}
	if c := e.plan.Cohorts["c40"]; c.Phase != plan.Paused {
		t.Errorf("phase %s: the timetable would open a lobby again", c.Phase)
	}
	if line := e.plan.LineOf("c40"); line.Issued != 1000 {
		t.Errorf("line %+v", line)
	}
}

func TestUndoIsRefusedWhereItWouldOverwriteOrLoosen(t *testing.T) {
	e := newEvening(t)
	e.must(plan.AdmissionConfigure, plan.ConfigureAdmission{RateMilli: new(int64(5_000))})
	at := e.plan.Index
	e.must(plan.AdmissionConfigure, plan.ConfigureAdmission{RateMilli: new(int64(6_000))})
	if r := e.undo(at); r.Code != plan.ChangedSince {
		t.Errorf("undo under a later change: %+v", r)
	}
	if r := e.undo(1_000_000); r.Code != plan.NotFound {
		t.Errorf("undo of nothing: %+v", r)
	}
	e.staff()
	e.must(plan.HoldSet, plan.SetHold{Scope: plan.All})
	at = e.plan.Index
	if r := e.undo(at); r.Code != plan.NeedsApproval {
		t.Errorf("undo of a hold by one person: %+v", r)
	}
	id := e.propose(plan.ChangeUndo, plan.UndoChange{At: at})
	e.must(plan.ProposalApprove, plan.CloseProposal{ID: id}, by("lee"))
	if len(e.plan.Holds) != 0 {
		t.Errorf("holds %v", e.plan.Holds)
	}
	e.must(plan.AdmissionConfigure, plan.ConfigureAdmission{RateMilli: new(int64(7_000))}, term(1))
	if r := e.undo(e.plan.Index); r.Code != plan.NotFound {
		t.Errorf("a leader's change can be undone: %+v", r)
	}
}

func TestUndosAreBounded(t *testing.T) {
	e := newEvening(t)
	for n := range 100 {
		e.must(plan.AdmissionConfigure, plan.ConfigureAdmission{RateMilli: new(int64(1_000 + n))})
	}
	if len(e.plan.Undos) != 64 {
		t.Fatalf("%d undos", len(e.plan.Undos))
	}
	if r := e.undo(1); r.Code != plan.NotFound {
		t.Errorf("the oldest: %+v", r)
	}
	if r := e.undo(100); !r.OK {
		t.Errorf("the newest: %+v", r)
	}
}
