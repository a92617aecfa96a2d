package plan_test

import (
	"testing"

	"sunbeon/controlplane/plan"
)

func (e *evening) renew(id string, rate int64) {
	e.t.Helper()
	e.must(plan.SegmentRenew, plan.RenewSegment{Cohort: id, RateMilli: rate}, term(1))
}

func TestSegmentGoesOnWhereTheLineIs(t *testing.T) {
	e := newEvening(t)
	e.open("c40", 1)
	e.report("c40", 1000, 0)
	e.renew("c40", 10_000)
	first := e.plan.Segments["c40"]
	if s := first.Current; s.Start != 0 || s.Number != 1 || s.Cap != 1020 || s.Until != s.T0+10_000 || s.Validate() != nil {
		t.Fatalf("first segment %+v", s)
	}
	e.nowMS += 4_000
	e.report("c40", 1000, 77) // ahead of what the plan computes
	e.renew("c40", 10_000)
	second := e.plan.Segments["c40"]
	if second.Current.Start != 77 || second.Current.Number != 2 || *second.Previous != first.Current {
		t.Errorf("second segment %+v", second)
	}
	if second.History == first.History || len(second.History) != 64 {
		t.Errorf("history %q after %q", second.History, first.History)
	}
	e.nowMS += 1_000
	e.renew("c40", 10_000)
	if s := e.plan.Segments["c40"].Current; s.Start != second.Current.At(s.T0) || s.Start <= 77 {
		t.Errorf("third segment starts at %d, the second is at %d", s.Start, second.Current.At(s.T0))
	}
}

// The machine's clock was set an hour ahead: nobody was called in that hour.
func TestAClockSetAheadCallsNobody(t *testing.T) {
	e := newEvening(t)
	e.open("c41", 1)
	e.report("c41", 10_000, 0)
	e.renew("c41", 10_000)
	before := e.plan.Segments["c41"].Current
	const hour = 3_600_000
	e.nowMS += hour
	e.report("c41", 10_000, 0)
	e.must(plan.SegmentRenew, plan.RenewSegment{Cohort: "c41", RateMilli: 10_000, SetAheadMS: hour}, term(1))
	after := e.plan.Segments["c41"].Current
	if want := before.At(after.T0 - hour); after.Start != want || after.Start >= before.At(after.T0) {
		t.Errorf("after the step the line begins at %d, want %d", after.Start, want)
	}
	e.refused(plan.Malformed, plan.SegmentRenew, plan.RenewSegment{Cohort: "c41", SetAheadMS: -1}, term(1))
}

func TestSegmentIsBoundBySupplyAndTail(t *testing.T) {
	e := newEvening(t)
	c := firstCome("c40")
	c.Supply = 500
	e.must(plan.CohortDefine, plan.DefineCohort{Cohort: c})
	e.must(plan.CohortApprove, plan.ApproveCohort{Cohort: "c40"})
	e.must(plan.CohortPhase, plan.MovePhase{Cohort: "c40", Phase: plan.Lobby})
	e.must(plan.CohortPhase, plan.MovePhase{Cohort: "c40", Phase: plan.Open})
	e.report("c40", 100, 0)
	e.renew("c40", 50_000)
	if got := e.plan.Segments["c40"].Current.Cap; got != 200 {
		t.Errorf("cap %d with 100 tickets at 50/s, want 200", got)
	}
	e.report("c40", 1000, 10)
	e.renew("c40", 50_000)
	if got := e.plan.Segments["c40"].Current.Cap; got != 500 {
		t.Errorf("cap %d with doses for 500", got)
	}
}

func TestSegmentRefusals(t *testing.T) {
	renewal := plan.RenewSegment{Cohort: "c40", RateMilli: 10_000}
	e := newEvening(t)
	e.refused(plan.NotFound, plan.SegmentRenew, renewal, term(1))
	e.open("c40", 1)
	e.refused(plan.NotLeader, plan.SegmentRenew, renewal)
	e.refused(plan.NoGate, plan.SegmentRenew, renewal, term(1))
	e.report("c40", 100, 0)
	e.must(plan.SegmentRenew, renewal, term(2))
	e.refused(plan.StaleTerm, plan.SegmentRenew, renewal, term(1))

	t.Run("a leader whose clock is wrong", func(t *testing.T) {
		wrong := *e
		wrong.nowMS += 3_600_000
		wrong.refused(plan.NoGate, plan.SegmentRenew, renewal, term(3))
		gates := wrong.nowMS - 3_600_000
		wrong.must(plan.InstanceRegister, plan.RegisterInstance{ID: "gate-1", Kind: plan.KindGate, State: plan.Ready},
			func(c *plan.Command) { c.TimeMS, c.StampMS = gates, gates+100_000 })
		wrong.nowMS = gates + 101_000
		wrong.refused(plan.ClockDisagrees, plan.SegmentRenew, renewal, term(3))
	})
	t.Run("backward time", func(t *testing.T) {
		back := *e
		back.nowMS = back.plan.Segments["c40"].Current.T0 - 500
		back.refused(plan.TimeBackward, plan.SegmentRenew, renewal, term(3))
	})
}

func TestHoldPauseAndCloseStopTheLineAtOnce(t *testing.T) {
	f := func(name string, stop func(*evening)) {
		t.Run(name, func(t *testing.T) {
			e := newEvening(t)
			e.open("c40", 1)
			e.report("c40", 10_000, 0)
			e.renew("c40", 10_000)
			e.nowMS += 3_000
			stop(e)
			s := e.plan.Segments["c40"].Current
			if s.RateMilli != 0 || s.FloorMilli != 0 {
				t.Fatalf("still serving: %+v", s)
			}
			if s.Start == 0 || s.At(s.Until+3_600_000) != s.Start {
				t.Errorf("the number moves from %d to %d in an hour", s.Start, s.At(s.Until+3_600_000))
			}
		})
	}
	f("hold everything", func(e *evening) { e.must(plan.HoldSet, plan.SetHold{Scope: plan.All}) })
	f("hold a cohort", func(e *evening) { e.must(plan.HoldSet, plan.SetHold{Scope: "c40"}) })
	f("pause", func(e *evening) { e.must(plan.CohortPhase, plan.MovePhase{Cohort: "c40", Phase: plan.Paused}) })
	f("close", func(e *evening) { e.must(plan.CohortPhase, plan.MovePhase{Cohort: "c40", Phase: plan.Closed}) })
	f("hold by a clock that is behind", func(e *evening) {
		e.nowMS -= 60_000
		e.must(plan.HoldSet, plan.SetHold{Scope: plan.All})
		e.nowMS += 60_000
		e.report("c40", 10_000, 1)
		e.must(plan.SegmentRenew, plan.RenewSegment{Cohort: "c40", RateMilli: 10_000}, term(1))
		if s := e.plan.Segments["c40"].Current; s.Start == 0 {
			e.report("c40", 10_000, 31)
			e.renew("c40", 10_000)
		}
	})
}

func TestRateInForce(t *testing.T) {
	e := newEvening(t)
	e.open("c40", 3)
	e.open("c50", 1)
	e.report("c40", 100, 0)
	e.report("c50", 100, 0)
	e.must(plan.AdmissionConfigure, plan.ConfigureAdmission{MaxMilli: new(int64(100_000)), MinMilli: new(int64(4_000))})
	at := func() [2]int64 {
		return [2]int64{e.plan.RateOf("c40", 40_000, e.nowMS), e.plan.RateOf("c50", 40_000, e.nowMS)}
	}
	want := func(step string, c40, c50 int64) {
		t.Helper()
		if got := at(); got != [2]int64{c40, c50} {
			t.Errorf("%s: %v, want %d and %d", step, got, c40, c50)
		}
	}
	want("by weight", 30_000, 10_000)
	e.must(plan.HoldSet, plan.SetHold{Scope: "c40"})
	want("a hold does not speed up the others", 0, 10_000)
	e.must(plan.HoldRelease, plan.ReleaseHold{Scope: "c40"})
	e.must(plan.OverrideSet, plan.SetOverride{Target: plan.TargetAdmission, Value: 80_000, UntilMS: e.nowMS + 10_000})
	want("override", 60_000, 20_000)
	e.must(plan.AdmissionConfigure, plan.ConfigureAdmission{MaxMilli: new(int64(60_000))})
	want("bounds hold for overrides", 45_000, 15_000)
	e.nowMS += 20_000
	want("the override has expired", 30_000, 10_000)
	e.report("c40", 100, 0)
	e.renew("c40", 40_000)
	e.must(plan.FreezeSet, plan.SetFreeze{Scope: plan.TargetAdmission, UntilMS: e.nowMS + 60_000})
	if got := e.plan.RateOf("c40", 60_000, e.nowMS); got != 30_000 {
		t.Errorf("raised to %d under a freeze", got)
	}
	if got := e.plan.RateOf("c40", 20_000, e.nowMS); got != 15_000 {
		t.Errorf("lowered to %d under a freeze, want 15000", got)
	}
}

func TestUnsureLeaderRaisesNothing(t *testing.T) {
	e := newEvening(t)
	e.open("c40", 1)
	e.report("c40", 1000, 0)
	unsure := func(rate int64) int64 {
		e.must(plan.SegmentRenew, plan.RenewSegment{Cohort: "c40", RateMilli: rate, NoRaise: true}, term(1))
		return e.plan.Segments["c40"].Current.RateMilli
	}
	if got := unsure(50_000); got != e.plan.Admission.FloorMilli {
		t.Errorf("opened at %d, want the floor %d", got, e.plan.Admission.FloorMilli)
	}
	e.renew("c40", 20_000)
	if got := unsure(50_000); got != 20_000 {
		t.Errorf("raised to %d", got)
	}
	if got := unsure(10_000); got != 10_000 {
		t.Errorf("not lowered: %d", got)
	}
}
