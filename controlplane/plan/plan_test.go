package plan_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"sunbeon/controlplane/plan"
)

// evening is a plan under test: commands go in one after the other, a second
// apart.
type evening struct {
	t     *testing.T
	plan  *plan.Plan
	nowMS int64
}

const dayMS = 1_700_000_000_000

func newEvening(t *testing.T) *evening {
	return &evening{t: t, plan: plan.New(), nowMS: dayMS}
}

func command(t testing.TB, kind plan.Kind, body any) plan.Command {
	t.Helper()
	c, err := plan.NewCommand(kind, body)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// give applies a command as a person or process gives it.
func (e *evening) give(kind plan.Kind, body any, change ...func(*plan.Command)) plan.Result {
	e.t.Helper()
	c := command(e.t, kind, body)
	c.TimeMS, c.Actor, c.Reason = e.nowMS, "kim", "test"
	for _, f := range change {
		f(&c)
	}
	next, result, err := plan.Apply(e.plan, e.plan.Index+1, c)
	if err != nil {
		e.t.Fatalf("%s: %v", kind, err)
	}
	e.plan = next
	e.nowMS += 1000
	return result
}

// must gives a command that has to be taken.
func (e *evening) must(kind plan.Kind, body any, change ...func(*plan.Command)) {
	e.t.Helper()
	if r := e.give(kind, body, change...); !r.OK {
		e.t.Fatalf("%s: %s: %s", kind, r.Code, r.Detail)
	}
}

// refused gives a command that has to be refused with a code.
func (e *evening) refused(code string, kind plan.Kind, body any, change ...func(*plan.Command)) {
	e.t.Helper()
	if r := e.give(kind, body, change...); r.OK || r.Code != code {
		e.t.Errorf("%s: got %+v, want %s", kind, r, code)
	}
}

func term(n uint64) func(*plan.Command) { return func(c *plan.Command) { c.Term = n } }

var secret = []byte("the secret of the draw, kept apart")

func commitment() string {
	sum := sha256.Sum256(secret)
	return hex.EncodeToString(sum[:])
}

func drawn(id string) plan.Cohort {
	return plan.Cohort{
		ID: id, Name: map[string]string{"ko": "40대", "en": "forties"},
		BirthFrom: "1972-01-01", BirthTo: "1981-12-31",
		LobbyMS: dayMS, SealMS: dayMS + 50_000, OpenMS: dayMS + 60_000, CloseMS: dayMS + 3_600_000,
		Order: plan.OrderDraw, DrawMode: plan.DrawSecret, Commitment: commitment(),
		Weight: 1,
	}
}

func firstCome(id string) plan.Cohort {
	c := drawn(id)
	c.Order, c.DrawMode, c.Commitment, c.SealMS = plan.OrderFirstCome, "", "", 0
	return c
}

// open brings a first-come cohort to its opening.
func (e *evening) open(id string, weight int) {
	e.t.Helper()
	c := firstCome(id)
	c.Weight = weight
	e.must(plan.CohortDefine, plan.DefineCohort{Cohort: c})
	e.must(plan.CohortApprove, plan.ApproveCohort{Cohort: id})
	e.must(plan.CohortPhase, plan.MovePhase{Cohort: id, Phase: plan.Lobby})
	e.must(plan.CohortPhase, plan.MovePhase{Cohort: id, Phase: plan.Open})
}

func (e *evening) report(id string, issued, highWater int64) {
	e.t.Helper()
	e.must(plan.LineReport, plan.ReportLine{Cohort: id, Gate: "gate-1", Issued: issued, HighWater: highWater})
}
