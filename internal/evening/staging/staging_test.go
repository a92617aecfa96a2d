package staging

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"sunbeon/controlplane/twin"
	"sunbeon/reservation/rush"
	"sunbeon/reservation/upstream/legacy"
)

// scenario is the shipped demonstration with other faults.
func scenario(t *testing.T, faults ...twin.Fault) *twin.Scenario {
	t.Helper()
	s, err := twin.Shipped("demonstration")
	if err != nil {
		t.Fatal(err)
	}
	s.Faults = faults
	return s
}

func TestScheduleFollowsTheFaults(t *testing.T) {
	s := scenario(t,
		twin.Fault{Kind: "step", Resource: "stock", At: 20, For: 40, Factor: 0.5},
		twin.Fault{Kind: "flap", Resource: "stock", At: 30, For: 20, Period: 4, Factor: 0.5},
		twin.Fault{Kind: "stall", Resource: "eligibility", At: 100, For: 5},
		twin.Fault{Kind: "ramp", Resource: "stock", At: 120, For: 30, Factor: 0.2},
		twin.Fault{Kind: "replica_kill", At: 10, Count: 2},
		twin.Fault{Kind: "leader_loss", At: 70, For: 15},
	)
	g, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(g.Faults)
	if err != nil {
		t.Fatal(err)
	}
	put, err := legacy.ReadFaults(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatalf("the simulator of the upstream systems refuses them: %v", err)
	}
	for at := 0.25; at < 179; at += 0.5 {
		now := put.At(time.Duration(at * float64(time.Second)))
		for _, system := range []string{"stock", "eligibility"} {
			fault, got := now.Of(system), 1.0
			switch {
			case fault.Stall:
				got = 0
			case fault.CapacityFactor != nil:
				got = *fault.CapacityFactor
			}
			// A piece is 0.6 s long, so a fault comes and goes up to that late.
			early, late := s.CapacityFactor(system, at-0.6), s.CapacityFactor(system, at)
			if got < min(early, late)-1e-9 || got > max(early, late)+1e-9 {
				t.Fatalf("%s at %.2f s: factor %g, want between %g and %g", system, at, got, early, late)
			}
		}
	}
	if len(g.Kills) != 1 || g.Kills[0] != (Kill{At: 10 * time.Second, Count: 2}) {
		t.Errorf("kills %v", g.Kills)
	}
	if len(g.Silences) != 1 || g.Silences[0] != (Silence{At: 70 * time.Second, For: 15 * time.Second}) {
		t.Errorf("silences %v", g.Silences)
	}
}

func TestWhatCannotBePlayedIsNamed(t *testing.T) {
	s := scenario(t,
		twin.Fault{Kind: "telemetry_nan", At: 5, For: 5},
		twin.Fault{Kind: "step", Resource: "ledger", At: 5, Factor: 0.5})
	s.Session.Requests[2].Uses = map[string]float64{"stock": 1}
	s.Session.Requests[1].Name = "map"
	s.LocalGate.Off = true
	s.Control.Period = 2
	_, err := New(s)
	if err == nil {
		t.Fatal("staged")
	}
	for _, want := range []string{
		"telemetry_nan can only be simulated", "capacity of ledger is real", "page slots makes 0 requests to stock, not 1",
		"not eligibility, map, slots, book", "local gate", "every 1000 ms, not every 2000",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
}

func TestShippedDemonstrationCanBePlayed(t *testing.T) {
	s, err := twin.Shipped("demonstration")
	if err != nil {
		t.Fatal(err)
	}
	g, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := g.Script.People(), 10000; got != want {
		t.Errorf("%d people come, want %d", got, want)
	}
	if p := g.Systems["stock"]; p.Capacity != 120 || p.ServiceTime != 40*time.Millisecond {
		t.Errorf("stock is %+v", p)
	}
	if p := g.Systems["identity"]; p.Capacity != plentiful {
		t.Errorf("identity, which the scenario leaves out, has a capacity of %g", p.Capacity)
	}
}

// An evening that is the simulated one is no distance from it; one that books at
// half the pace is told to be so.
func TestComparisonTellsTheDistance(t *testing.T) {
	s := scenario(t, twin.Fault{Kind: "step", Resource: "stock", At: 50, For: 40, Factor: 0.5})
	g, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	sim, err := g.Simulate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same, err := g.Compare(t.Context(), sim)
	if err != nil {
		t.Fatal(err)
	}
	if same.BookingsApart > 1e-9 || same.RateApart > 1e-9 {
		t.Errorf("the same evening is %g and %g apart", same.BookingsApart, same.RateApart)
	}
	for _, f := range same.Figures {
		if (f.Simulated == nil) != (f.Real == nil) || f.Simulated != nil && math.Abs(*f.Simulated-*f.Real) > 1e-9 {
			t.Errorf("%s: %v and %v in the same evening", f.Name, f.Simulated, f.Real)
		}
	}
	half := sim
	half.Bookings = nil
	for _, n := range sim.Bookings {
		half.Bookings = append(half.Bookings, n/2)
	}
	c, err := g.Compare(t.Context(), half)
	if err != nil {
		t.Fatal(err)
	}
	if c.BookingsApart < 0.2 || c.BookingsApart > 0.5 {
		t.Errorf("half the bookings are %.2f apart", c.BookingsApart)
	}
	var out strings.Builder
	c.Print(&out)
	for _, want := range []string{"-50.0 %", "never", "rate down by a tenth"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table does not say %q:\n%s", want, out.String())
		}
	}
}

// The scenario of a file is staged as the file says.
func TestAFileIsStaged(t *testing.T) {
	file, err := os.Open("testdata/stalled-and-halved.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s, err := twin.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	g, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(g.Faults.Schedule); n != 2 || !g.Faults.At(35*time.Second).Of("stock").Stall || *g.Faults.At(80 * time.Second).Of("stock").CapacityFactor != 0.6 {
		t.Errorf("%d spells: %+v", n, g.Faults.Schedule)
	}
	want := rush.Pause{MeanMS: 2000, CV: 0.4}
	if g.Script.Retry != want || g.Script.Pages[rush.PageBook].MeanMS != 3000 || g.Script.People() != 8000 {
		t.Errorf("the crowd: %+v", g.Script)
	}
	s.People.Inside = 5
	if _, err := New(s); err == nil || !strings.Contains(err.Error(), "inside") {
		t.Errorf("people inside before the opening: %v", err)
	}
}
