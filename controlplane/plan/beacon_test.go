package plan_test

import (
	"strings"
	"testing"

	"sunbeon/controlplane/plan"
)

// Round 1000 of drand's quicknet: when it was due, and its signature.
const (
	roundMS        = 1_692_806_364_000
	roundSignature = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"
)

func drawnByDrand(c *plan.Cohort, sealMS int64) {
	c.Order, c.DrawMode, c.Commitment, c.Source = plan.OrderDraw, plan.DrawBeacon, "", "drand:quicknet/1000"
	c.LobbyMS, c.SealMS, c.OpenMS, c.CloseMS = sealMS-60_000, sealMS, sealMS+60_000, sealMS+3_600_000
}

// The signature of a drand round proves itself: it needs no second official,
// and one that is not the round's never counts.
func TestDrandSignatureProvesItself(t *testing.T) {
	e := newEvening(t)
	c := drawn("c40")
	drawnByDrand(&c, roundMS-1000)
	e.must(plan.CohortDefine, plan.DefineCohort{Cohort: c})
	e.must(plan.CohortPhase, plan.MovePhase{Cohort: "c40", Phase: plan.Lobby})
	e.must(plan.CohortPhase, plan.MovePhase{Cohort: "c40", Phase: plan.Sealed})
	e.must(plan.DrawSeal, plan.SealDraw{Cohort: "c40", Count: 3, Root: strings.Repeat("ab", 32)})
	e.refused(plan.BadSecret, plan.DrawValue, plan.NameValue{Cohort: "c40", Value: strings.Replace(roundSignature, "b446", "b447", 1)})
	e.refused(plan.BadSecret, plan.DrawValue, plan.NameValue{Cohort: "c40", Value: "0102"})
	e.must(plan.DrawValue, plan.NameValue{Cohort: "c40", Value: roundSignature})
	if got := e.plan.Cohorts["c40"].Draw.Secret; got != roundSignature {
		t.Errorf("after the signature was named, the value is %q", got)
	}
}

func TestDrandRoundComesAfterTheSeal(t *testing.T) {
	e := newEvening(t)
	c := drawn("c40")
	drawnByDrand(&c, roundMS)
	e.refused(plan.Malformed, plan.CohortDefine, plan.DefineCohort{Cohort: c})
	drawnByDrand(&c, roundMS-30_000)
	c.Source = "drand:somebody/1000"
	e.refused(plan.Malformed, plan.CohortDefine, plan.DefineCohort{Cohort: c})
	drawnByDrand(&c, roundMS-30_000)
	e.must(plan.CohortDefine, plan.DefineCohort{Cohort: c})
	e.refused(plan.Malformed, plan.CohortPostpone, plan.PostponeCohort{Cohort: "c40", OpenMS: c.OpenMS + 60_000})
	e.must(plan.CohortPostpone, plan.PostponeCohort{Cohort: "c40", OpenMS: c.OpenMS + 20_000})
}
