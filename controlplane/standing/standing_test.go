package standing_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/standing"
	"sunbeon/internal/serving"
)

// evening has one open cohort behind two gates, half a minute into a segment.
func evening() *plan.Plan {
	p := plan.New()
	p.Cohorts = map[string]plan.Cohort{
		"late":  {ID: "late", OpenMS: 500_000, Phase: plan.Scheduled},
		"early": {ID: "early", OpenMS: 100_000, Phase: plan.Open},
	}
	p.Segments = map[string]plan.Segments{"early": {Current: serving.Segment{
		Cohort: "early", Number: 3, Start: 100, T0: 100_000, RateMilli: 10_000, Until: 110_000, Cap: 5_000,
		FloorMilli: 1_000, TauMS: 30_000,
	}}}
	p.Lines = map[string]plan.Line{
		plan.LineKey("early", "gate-1"): {Cohort: "early", Gate: "gate-1", Issued: 300, Claimed: 80, Booked: 40, Sessions: 30},
		plan.LineKey("early", "gate-2"): {Cohort: "early", Gate: "gate-2", Issued: 200, Claimed: 20, Booked: 10, Sessions: 5},
		plan.LineKey("late", "gate-1"):  {Cohort: "late", Gate: "gate-1", Issued: 7},
	}
	return p
}

func TestOf(t *testing.T) {
	p := evening()
	got, ok := standing.Of(p, "early", 105_000)
	if !ok {
		t.Fatal("cohort not found")
	}
	want := standing.Standing{
		Cohort: p.Cohorts["early"], Serves: true,
		Issued: 500, Serving: 150, Waiting: 350, Called: 50, Claimed: 100, Booked: 50, Sessions: 35,
		RateMilli: 10_000, LeaseRateMilli: 10_000, SegmentAgeMS: 5_000, LeaseLeftMS: 5_000,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("standing (-want +got):\n%s", diff)
	}
	if _, ok := standing.Of(p, "nobody", 0); ok {
		t.Error("a cohort the plan does not know stands somewhere")
	}
}

func TestOfNeverCountsBelowNothing(t *testing.T) {
	p := evening()
	s := p.Segments["early"]
	s.Current.Start, s.Current.Cap = 502, 502 // the cap may run past the issued tail
	p.Segments["early"] = s
	got, _ := standing.Of(p, "early", 105_000)
	if got.Waiting != 0 || got.Called != 400 || got.RateMilli != 0 {
		t.Errorf("waiting %d, called %d, rate %d; want 0, 400, 0", got.Waiting, got.Called, got.RateMilli)
	}
}

func TestOfTellsDecayAndHold(t *testing.T) {
	p := evening()
	p.Holds = map[string]plan.Hold{plan.All: {Scope: plan.All}}
	got, _ := standing.Of(p, "early", 140_000)
	if got.LeaseLeftMS != -30_000 || got.RateMilli >= got.LeaseRateMilli || !got.Held {
		t.Errorf("30 s past the lease and held: %+v", got)
	}
}

func TestAllIsInTheOrderOfOpening(t *testing.T) {
	var ids []string
	for _, s := range standing.All(evening(), 105_000) {
		ids = append(ids, s.Cohort.ID)
	}
	if diff := cmp.Diff([]string{"early", "late"}, ids); diff != "" {
		t.Error(diff)
	}
}

func TestFrozen(t *testing.T) {
	p := plan.New()
	p.Freezes = map[string]plan.Freeze{
		"admission": {Scope: "admission", UntilMS: 100},
		plan.All:    {Scope: plan.All, UntilMS: 200},
	}
	f := func(actuator string, nowMS int64, want string) {
		t.Helper()
		freeze, frozen := standing.Frozen(p, actuator, nowMS)
		if frozen != (want != "") || frozen && freeze.Scope != want {
			t.Errorf("Frozen(%s, %d) = %q, %v; want %q", actuator, nowMS, freeze.Scope, frozen, want)
		}
	}
	f("admission", 50, "admission")
	f("admission", 150, plan.All)
	f("admission", 250, "")
	f("replicas", 50, plan.All)
}
