package plan_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sunbeon/controlplane/plan"
)

func TestSameRequestSameAnswer(t *testing.T) {
	e := newEvening(t)
	e.must(plan.CohortDefine, plan.DefineCohort{Cohort: firstCome("c40")})
	asked := func(c *plan.Command) { c.RequestID, c.TimeMS = "r1", dayMS+5_000 }
	override := plan.SetOverride{Target: plan.TargetAdmission, Value: 5_000, UntilMS: dayMS + 600_000}
	stamped := func(ms int64) func(*plan.Command) { return func(c *plan.Command) { c.StampMS = ms } }

	first := e.give(plan.OverrideSet, override, asked, stamped(dayMS+5_000))
	e.must(plan.OverrideClear, plan.ClearOverride{Target: plan.TargetAdmission})
	again := e.give(plan.OverrideSet, override, asked, stamped(dayMS+8_000))
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the answer changed: %s", diff)
	}
	if len(e.plan.Overrides) != 0 {
		t.Error("a repeated request was applied again")
	}
	refused := e.give(plan.OverrideClear, plan.ClearOverride{Target: plan.TargetAdmission}, func(c *plan.Command) { c.RequestID = "r2" })
	if refused.Code != plan.NotFound {
		t.Fatalf("got %+v", refused)
	}
	later := int64(dayMS + 5_000 + 10*60_000 + 1)
	e.must(plan.CohortApprove, plan.ApproveCohort{Cohort: "c40"}, stamped(later),
		func(c *plan.Command) { c.RequestID, c.TimeMS = "r3", later })
	e.refused(plan.TooOld, plan.OverrideSet, override, asked, stamped(later))
	e.refused(plan.ClockAhead, plan.OverrideSet, override, func(c *plan.Command) { c.TimeMS += 60_000 }, stamped(e.nowMS))
}

// Whoever uses an id a second time for something else must not hear that it was
// done.
func TestARequestIDIsOfOneRequest(t *testing.T) {
	e := newEvening(t)
	under := func(content string) func(*plan.Command) {
		return func(c *plan.Command) { c.RequestID = plan.RequestID("evening-7", content) }
	}
	hold := plan.SetHold{Scope: plan.All}
	e.must(plan.HandoverNote, plan.LeaveNote{Text: "all quiet"}, under("note"))
	e.refused(plan.RequestReused, plan.HoldSet, hold, under("hold"))
	if e.plan.Held(plan.All) {
		t.Error("it was refused and done")
	}
	restarted, err := plan.Decode(plan.Encode(e.plan))
	if err != nil {
		t.Fatal(err)
	}
	e.plan = restarted
	e.refused(plan.RequestReused, plan.HoldSet, hold, under("hold"))
	if r := e.give(plan.HandoverNote, plan.LeaveNote{Text: "all quiet"}, under("note")); !r.OK || len(e.plan.Handovers) != 1 {
		t.Errorf("asked again: %+v, %d notes", r, len(e.plan.Handovers))
	}
}

// A reason is shown on terminals, and has to be one.
func TestReasonsAreALineOfText(t *testing.T) {
	f := func(reason, code string) {
		t.Helper()
		c := command(t, plan.HoldSet, plan.SetHold{Scope: plan.All})
		c.Reason = reason
		if r, refused := plan.Screen(plan.New(), c); refused != (code != "") || r.Code != code {
			t.Errorf("%q: %+v", reason, r)
		}
	}
	f("", "")
	f("재고팀 요청: 잠시 멈춤", "")
	f("  ", plan.ReasonMissing)
	f("red \x1b[31m", plan.Malformed)
	f("two\nlines", plan.Malformed)
	f("c1 \u009b31m", plan.Malformed)
}

// A busy plan forgets answers before ten minutes are over. It must then refuse
// what it might have answered, not apply it twice.
func TestForgottenRequestIsNotAppliedTwice(t *testing.T) {
	t.Parallel()
	e := newEvening(t)
	e.must(plan.CohortDefine, plan.DefineCohort{Cohort: firstCome("c40")})
	early := func(c *plan.Command) { c.RequestID, c.TimeMS, c.StampMS = "first", dayMS, dayMS }
	report := plan.ReportLine{Cohort: "c40", Gate: "gate-1"}
	e.must(plan.LineReport, report, early)
	for i := range 1<<16 + 1 {
		e.must(plan.LineReport, report, func(c *plan.Command) {
			c.RequestID, c.TimeMS, c.StampMS = fmt.Sprint(i), dayMS+int64(i), dayMS+int64(i)
		})
	}
	e.refused(plan.TooOld, plan.LineReport, report, early, func(c *plan.Command) { c.StampMS = dayMS + 70_000 })
}

func TestChangedSince(t *testing.T) {
	e := newEvening(t)
	e.must(plan.CohortDefine, plan.DefineCohort{Cohort: firstCome("c40")})
	seen := e.plan.Index
	look := func(c *plan.Command) { c.Seen = seen }
	e.must(plan.CohortApprove, plan.ApproveCohort{Cohort: "c40"}, look)
	e.refused(plan.ChangedSince, plan.CohortPhase, plan.MovePhase{Cohort: "c40", Phase: plan.Lobby}, look)
	e.must(plan.AdmissionConfigure, plan.ConfigureAdmission{TauMS: new(int64(1))}, look)
	e.refused(plan.ChangedSince, plan.AdmissionConfigure, plan.ConfigureAdmission{TauMS: new(int64(2))}, look)
}

func TestUnknownCommandIsAnErrorNotAnAnswer(t *testing.T) {
	_, _, err := plan.Apply(plan.New(), 1, plan.Command{Kind: "cohort.frobnicate", TimeMS: dayMS, Body: json.RawMessage("{}")})
	var unknown *plan.UnknownCommandError
	if !errors.As(err, &unknown) || unknown.Kind != "cohort.frobnicate" {
		t.Fatalf("got %v", err)
	}
	c := command(t, plan.ClusterVersion, plan.RaiseVersion{MinVersion: plan.Version + 1})
	if _, _, err := plan.Apply(plan.New(), 1, c); !errors.As(err, &unknown) {
		t.Errorf("a version from the future: %v", err)
	}
	if r, refused := plan.Screen(plan.New(), plan.Command{Kind: "cohort.frobnicate"}); !refused || r.Code != plan.Malformed {
		t.Errorf("an unknown command is let into the log: %+v", r)
	}
}

func TestApplyLeavesTheOldPlanAlone(t *testing.T) {
	e := newEvening(t)
	e.open("c40", 1)
	e.report("c40", 100, 0)
	before, hash := e.plan, e.plan.Hash()
	e.renew("c40", 10_000)
	e.must(plan.HoldSet, plan.SetHold{Scope: plan.All})
	e.must(plan.CohortPhase, plan.MovePhase{Cohort: "c40", Phase: plan.Closed})
	if before.Hash() != hash {
		t.Error("applying changed a plan others read")
	}
}

func TestBounds(t *testing.T) {
	e := newEvening(t)
	long := make(json.RawMessage, plan.MaxDecision)
	for i := range long {
		long[i] = '1'
	}
	e.refused(plan.TooLarge, plan.DecisionRecord, plan.RecordDecision{Actuator: "admission", Sentence: "so", Record: long})
	for range plan.MaxDecisions + 10 {
		e.must(plan.DecisionRecord, plan.RecordDecision{Actuator: "admission", Sentence: "so"})
	}
	if n := len(e.plan.Decisions); n != plan.MaxDecisions {
		t.Errorf("%d decisions are kept", n)
	}
	if last := e.plan.Decisions[plan.MaxDecisions-1].Index; last != e.plan.Index {
		t.Errorf("the last decision is that of index %d", last)
	}
}

// What is shown on terminals does not command them, however deep in a body it
// stands.
func TestTextsThatCommandTerminalsAreScreened(t *testing.T) {
	f := func(body string, refused bool) {
		t.Helper()
		c := plan.Command{Kind: plan.IncidentOpen, Body: json.RawMessage(body)}
		if r, got := plan.Screen(plan.New(), c); got != refused || refused && r.Code != plan.Malformed {
			t.Errorf("%s: refused %v (%s)", body, got, r.Detail)
		}
	}
	f(`{"title":"stock \u2028 순번 \"slow\"\n\tsince 8","severity":2}`, false)
	f(`{"title":"a\u001b[2J","severity":2}`, true)
	f(`{"title":"a\r","severity":2}`, true)
	f(`{"title":"a\u009b2J","severity":2}`, true)
	f("{\"title\":\"a\u009b2J\",\"severity\":2}", true)
	f("{\"title\":\"a\x7f\",\"severity\":2}", true)
	f(`{"roles":{"a\u0007":"kim"}}`, true)
	f(`{"drafts":{"sms":{"a":["\b"]}}}`, true)
}
