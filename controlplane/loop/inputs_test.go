package loop

import (
	"testing"

	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/telemetry"
)

// The plan calls a WAS ready for 15 s after it froze.
func TestAFrozenWASIsNotCountedAsRunning(t *testing.T) {
	p := plan.New()
	p.Instances = map[string]plan.Instance{
		"was-1":   {ID: "was-1", Kind: plan.KindWAS, State: plan.Ready},
		"was-2":   {ID: "was-2", Kind: plan.KindWAS, State: plan.Ready},
		"was-3":   {ID: "was-3", Kind: plan.KindWAS},
		"agent-1": {ID: "agent-1", State: plan.Ready},
	}
	f := func(name string, reading telemetry.Reading, want int) {
		t.Helper()
		if got := (observed{plan: p, reading: reading}).inputs(nil).Replicas.Running; got != want {
			t.Errorf("%s: %d run, want %d", name, got, want)
		}
	}
	up := func(n float64) telemetry.Reading { return telemetry.Reading{"was": {telemetry.UpWAS: n}} }
	f("no telemetry", nil, 2)
	f("both answer", up(2), 2)
	f("one froze", up(1), 1)
	f("all froze", up(0), 0)
	f("one answers and is not ready", up(3), 2)
}

// A line that has been called to its end is not idle while people who have been
// called are held at the door: only a higher rate lets them in.
func TestWhoIsHeldAtTheDoorIsWaiting(t *testing.T) {
	p := plan.New()
	p.Cohorts = map[string]plan.Cohort{"a": {ID: "a", Phase: plan.Open}, "b": {ID: "b", Phase: plan.Closed}}
	p.Lines = map[string]plan.Line{
		plan.LineKey("a", "gate-1"): {Cohort: "a", Gate: "gate-1", Asking: 7},
		plan.LineKey("b", "gate-1"): {Cohort: "b", Gate: "gate-1", Asking: 5},
	}
	if got := (observed{plan: p}).inputs(nil).Line.Waiting; got != 7 {
		t.Errorf("%g are waiting, want 7", got)
	}
}

func TestAnOpenIncidentIsTold(t *testing.T) {
	p := plan.New()
	f := func(name string, incidents map[string]plan.Incident, want bool) {
		t.Helper()
		p.Incidents = incidents
		if got := (observed{plan: p}).inputs(nil).Incident; got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	f("none", nil, false)
	f("closed", map[string]plan.Incident{"i7": {ID: "i7", Severity: 1, ClosedMS: 5}}, false)
	f("one of two open", map[string]plan.Incident{"i7": {ID: "i7", Severity: 1, ClosedMS: 5}, "i9": {ID: "i9", Severity: 4}}, true)
}
