package plan_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"sunbeon/controlplane/plan"
)

func by(name string) func(*plan.Command) { return func(c *plan.Command) { c.Actor = name } }

func token(n int) string { return strings.Repeat(fmt.Sprintf("%02x", n), 32) }

// staff names two commanders and an operator: from then on loosening takes two.
func (e *evening) staff() {
	e.t.Helper()
	e.must(plan.OperatorSet, plan.SetOperator{Name: "park", Role: plan.OnCall, TokenHash: token(1)}, by(plan.Installation))
	e.must(plan.OperatorSet, plan.SetOperator{Name: "kim", Role: plan.Commander, TokenHash: token(2)}, by(plan.Installation))
	e.must(plan.OperatorSet, plan.SetOperator{Name: "lee", Role: plan.Commander, TokenHash: token(3)}, by(plan.Installation))
}

func (e *evening) propose(kind plan.Kind, body any, change ...func(*plan.Command)) string {
	e.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		e.t.Fatal(err)
	}
	r := e.give(plan.ProposalMake, plan.MakeProposal{Kind: kind, Body: raw, UntilMS: e.nowMS + 60_000}, change...)
	if !r.OK || e.plan.Proposals[r.Detail].State != plan.Pending {
		e.t.Fatalf("propose %s: %+v", kind, r)
	}
	return r.Detail
}

func TestLooseningTakesTwoOnceTwoCommandersAreNamed(t *testing.T) {
	e := newEvening(t)
	e.open("c40", 1)
	e.must(plan.HoldSet, plan.SetHold{Scope: plan.All})
	e.must(plan.HoldRelease, plan.ReleaseHold{Scope: plan.All}) // nobody else could approve
	e.staff()
	e.must(plan.HoldSet, plan.SetHold{Scope: plan.All}, by("park"))
	e.must(plan.FreezeSet, plan.SetFreeze{Scope: plan.All, UntilMS: e.nowMS + 60_000}, by("park"))
	e.must(plan.CohortPhase, plan.MovePhase{Cohort: "c40", Phase: plan.Paused}, by("park"))

	f := func(kind plan.Kind, body any) { e.refused(plan.NeedsApproval, kind, body) }
	f(plan.HoldRelease, plan.ReleaseHold{Scope: plan.All})
	f(plan.FreezeRelease, plan.ReleaseFreeze{Scope: plan.All})
	f(plan.CohortPhase, plan.MovePhase{Cohort: "c40", Phase: plan.Open})
	f(plan.AdmissionConfigure, plan.ConfigureAdmission{MaxMilli: new(e.plan.Admission.MaxMilli + 1)})
	f(plan.AdmissionConfigure, plan.ConfigureAdmission{FloorMilli: new(e.plan.Admission.FloorMilli + 1)})
	f(plan.ReplicasSet, plan.SetReplicas{Max: new(100)})
	f(plan.OperatorSet, plan.SetOperator{Name: "choi", Role: plan.Viewer, TokenHash: token(4)})
	f(plan.OperatorSet, plan.SetOperator{Name: "lee", Role: plan.Commander, TokenHash: token(4)}) // in lee's name
	f(plan.OperatorRemove, plan.RemoveOperator{Name: "lee"})

	e.must(plan.AdmissionConfigure, plan.ConfigureAdmission{MaxMilli: new(int64(20_000))})
	e.must(plan.OperatorSet, plan.SetOperator{Name: "kim", Role: plan.Commander, TokenHash: token(5)}) // kim's own token
	e.must(plan.OperatorRemove, plan.RemoveOperator{Name: "park"}, by("lee"))
	// The leader acts by what was agreed.
	e.must(plan.FreezeRelease, plan.ReleaseFreeze{Scope: plan.All}, term(3), by("node-1"))
}

func TestSecondPersonApproves(t *testing.T) {
	e := newEvening(t)
	e.staff()
	e.must(plan.HoldSet, plan.SetHold{Scope: plan.All}, by("park"))
	id := e.propose(plan.HoldRelease, plan.ReleaseHold{Scope: plan.All}, by("kim"))
	e.refused(plan.SamePerson, plan.ProposalApprove, plan.CloseProposal{ID: id}, by("kim"))
	e.refused(plan.NotAllowed, plan.ProposalApprove, plan.CloseProposal{ID: id}, by("park"))
	e.refused(plan.NotAllowed, plan.ProposalApprove, plan.CloseProposal{ID: id}, by("stranger"))
	e.must(plan.ProposalApprove, plan.CloseProposal{ID: id}, by("lee"))
	if p := e.plan.Proposals[id]; p.State != plan.Approved || p.Closer != "lee" || len(e.plan.Holds) != 0 {
		t.Errorf("proposal %+v, holds %v", p, e.plan.Holds)
	}
	e.refused(plan.Conflict, plan.ProposalApprove, plan.CloseProposal{ID: id}, by("lee"))
}

func TestApprovalLooksAtEverythingAnew(t *testing.T) {
	e := newEvening(t)
	e.staff()
	raised := plan.ConfigureAdmission{MaxMilli: new(int64(2_000_000))}

	id := e.propose(plan.AdmissionConfigure, raised, by("kim"))
	e.must(plan.AdmissionConfigure, plan.ConfigureAdmission{MaxMilli: new(int64(50_000))}, by("park"))
	e.refused(plan.ChangedSince, plan.ProposalApprove, plan.CloseProposal{ID: id}, by("lee"))
	if e.plan.Admission.MaxMilli != 50_000 || e.plan.Proposals[id].State != plan.Pending {
		t.Errorf("a refused approval did something: %+v", e.plan.Admission)
	}
	e.must(plan.ProposalWithdraw, plan.CloseProposal{ID: id}, by("kim"))
	e.refused(plan.Conflict, plan.ProposalApprove, plan.CloseProposal{ID: id}, by("lee"))

	id = e.propose(plan.AdmissionConfigure, raised, by("park"))
	e.must(plan.OperatorRemove, plan.RemoveOperator{Name: "park"}, by("kim"))
	e.refused(plan.NotAllowed, plan.ProposalApprove, plan.CloseProposal{ID: id}, by("lee"))

	id = e.propose(plan.AdmissionConfigure, raised, by("kim"))
	e.nowMS += 61_000
	e.refused(plan.TooOld, plan.ProposalApprove, plan.CloseProposal{ID: id}, by("lee"))
	e.refused(plan.NotFound, plan.ProposalApprove, plan.CloseProposal{ID: "p0"}, by("lee"))
}

func TestOpeningIsApprovedByAnother(t *testing.T) {
	e := newEvening(t)
	e.staff()
	e.must(plan.CohortDefine, plan.DefineCohort{Cohort: firstCome("c40")}, by("kim"))
	e.refused(plan.SamePerson, plan.CohortApprove, plan.ApproveCohort{Cohort: "c40"}, by("kim"))
	e.must(plan.CohortApprove, plan.ApproveCohort{Cohort: "c40"}, by("lee"))
}

func TestProposalsAreBounded(t *testing.T) {
	e := newEvening(t)
	e.staff()
	first := e.propose(plan.HoldRelease, plan.ReleaseHold{Scope: plan.All})
	e.must(plan.ProposalWithdraw, plan.CloseProposal{ID: first})
	for range 256 {
		e.nowMS -= 1000
		e.propose(plan.HoldRelease, plan.ReleaseHold{Scope: plan.All})
	}
	if _, kept := e.plan.Proposals[first]; kept || len(e.plan.Proposals) != 256 {
		t.Errorf("%d proposals, the withdrawn one kept: %v", len(e.plan.Proposals), kept)
	}
	e.nowMS -= 1000
	e.refused(plan.TooLarge, plan.ProposalMake, plan.MakeProposal{
		Kind: plan.HoldRelease, Body: json.RawMessage(`{"scope":"all"}`), UntilMS: e.nowMS + 1000})
	e.refused(plan.Malformed, plan.ProposalMake, plan.MakeProposal{
		Kind: plan.LineReport, Body: json.RawMessage(`{}`), UntilMS: e.nowMS + 60_000})
}
