package twin

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func shipped(t *testing.T, name string) *Scenario {
	t.Helper()
	s, err := Shipped(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheSameSeedIsTheSameEvening(t *testing.T) {
	s := shipped(t, "half-stock")
	s.Duration = 900
	first, err := Simulate(t.Context(), s, "cascade", 3, DefaultTuning())
	if err != nil {
		t.Fatal(err)
	}
	second, _ := Simulate(t.Context(), s, "cascade", 3, DefaultTuning())
	if diff := cmp.Diff(first.Trace, second.Trace); diff != "" {
		t.Error(diff)
	}
	other, _ := Simulate(t.Context(), s, "cascade", 4, DefaultTuning())
	if cmp.Equal(first.Trace, other.Trace) {
		t.Error("another seed gives the same evening")
	}
}

// Nobody appears or vanishes, whatever goes wrong.
func TestPeopleAreConserved(t *testing.T) {
	for _, name := range []string{"half-stock", "retry-storm", "stall", "compressed"} {
		s := shipped(t, name)
		e := newEvening(s, 1)
		c := newController("pi", s, e.plant, e.line, DefaultTuning())
		var claimed, gone float64
		for !e.over() {
			before := e.line.claimed[0] + e.line.claimed[1]
			e.step(c)
			claimed += e.line.claimed[0] + e.line.claimed[1] - before
			gone += e.plant.tally.confirmed + e.plant.tally.failed + e.plant.tally.left
		}
		if inside := e.plant.sessions(); math.Abs(claimed-gone-inside) > 1e-6*claimed {
			t.Errorf("%s: %.3f claimed, %.3f left, %.3f inside", name, claimed, gone, inside)
		}
	}
}

func TestEveryShippedScenarioIsValidAndWithinReach(t *testing.T) {
	names := Library()
	if len(names) < 12 {
		t.Errorf("only %d scenarios are shipped", len(names))
	}
	for _, name := range names {
		s := shipped(t, name)
		if s.Name != name || s.Summary == "" {
			t.Errorf("%s.yaml calls itself %q, %q", name, s.Name, s.Summary)
		}
		few := name == "compressed" || name == "leader-loss" || name == "lying-telemetry"
		if testing.Short() || s.Duration > 3600 || raced && !few {
			continue
		}
		board, err := Score(t.Context(), s, []string{"cascade"}, 1, DefaultTuning())
		if err != nil {
			t.Fatal(err)
		}
		ours := board.Controllers["cascade"]
		if ours.Ratio < 0.95 || ours.Unsafe > 0 || ours.Failed > 0.01 || ours.P99 > 2 {
			t.Errorf("%s: goodput %.3f, %v unsafe, %.4f failed, p99 %.2f", name, ours.Ratio, ours.Unsafe, ours.Failed, ours.P99)
		}
	}
}

// Evenings nobody tuned for.
func TestHeldOutEvenings(t *testing.T) {
	if testing.Short() {
		t.Skip("many evenings")
	}
	sum, worst, n := 0.0, 1.0, 12
	if raced {
		n = 2
	}
	for number := range n {
		board, err := Score(t.Context(), Random(uint64(500+number)), []string{"cascade"}, 1, DefaultTuning())
		if err != nil {
			t.Fatal(err)
		}
		ours := board.Controllers["cascade"]
		if ours.Unsafe > 0 {
			t.Errorf("%s: %v unsafe actions", board.Scenario, ours.Unsafe)
		}
		sum += min(1, ours.Ratio)
		worst = min(worst, ours.Ratio)
	}
	if mean := sum / float64(n); mean < 0.97 || worst < 0.93 {
		t.Errorf("mean goodput %.3f of the clairvoyant's, worst %.3f", mean, worst)
	}
}

// A stall left people who all came at once, and WAS were started for them though
// the stock system limits.
func TestNoWASForWhatAStallLeftBehind(t *testing.T) {
	run, err := Simulate(t.Context(), Random(228), "cascade", 1, DefaultTuning())
	if err != nil {
		t.Fatal(err)
	}
	if run.Result.Unsafe > 0 {
		t.Errorf("%v unsafe actions", run.Result.Unsafe)
	}
}

// A stock system that became slow, not full, was asked for less and less and passed
// for one that can do less and less, down to a sixtieth of what it did.
func TestASlowServerIsNotAlwaysFull(t *testing.T) {
	board, err := Score(t.Context(), Random(214), []string{"cascade"}, 1, DefaultTuning())
	if err != nil {
		t.Fatal(err)
	}
	if ours := board.Controllers["cascade"]; ours.Ratio < 0.95 {
		t.Errorf("goodput %.3f of the clairvoyant's", ours.Ratio)
	}
}

func BenchmarkFourHoursOfTwoMillion(b *testing.B) {
	s, err := Shipped("national")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Simulate(b.Context(), s, "cascade", 1, DefaultTuning()); err != nil {
			b.Fatal(err)
		}
	}
}

func TestTheClairvoyantFillsASteadyPlant(t *testing.T) {
	s := shipped(t, "rush")
	run, err := Simulate(t.Context(), s, "clairvoyant", 1, DefaultTuning())
	if err != nil {
		t.Fatal(err)
	}
	if share := run.Result.Goodput / run.Result.Possible; share < 0.9 {
		t.Errorf("the clairvoyant uses %.3f of the capacity", share)
	}
}

func TestSpreadKeepsMassAndMean(t *testing.T) {
	f := func(mean, cv, dt float64) {
		t.Helper()
		sum, first := 0.0, 0.0
		for i, share := range newSpread(Distribution{Duration(mean), cv}, dt) {
			sum += share
			first += share * float64(i) * dt
		}
		if math.Abs(sum-1) > 1e-9 || math.Abs(first-mean) > 0.05*mean+dt {
			t.Errorf("mean %v cv %v: mass %v, mean %v", mean, cv, sum, first)
		}
	}
	f(30, 0.7, 0.5)
	f(4, 0.4, 0.5)
	f(120, 1.2, 1)
	f(0.2, 1, 0.5)
}

func TestCalendarReturnsWhatWasPutIn(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	s := newSpread(Distribution{10, 0.8}, 0.5)
	c := newCalendar(len(s))
	in, out := 0.0, 0.0
	for range 50 {
		c.add(100, s)
		in += 100
		out += c.turn(random.NormFloat64())
	}
	for range len(s) + 2 {
		out += c.turn(0)
	}
	if math.Abs(in-out) > 1e-6 {
		t.Errorf("%v in, %v out", in, out)
	}
}

func TestFaultsMultiply(t *testing.T) {
	f := func(fault Fault, at, want float64) {
		t.Helper()
		if got := fault.multiplier(at); math.Abs(got-want) > 1e-9 {
			t.Errorf("%s at %v s: %v, want %v", fault.Kind, at, got, want)
		}
	}
	step := Fault{Kind: faultStep, At: 10, For: 10, Factor: 0.5}
	f(step, 9, 1)
	f(step, 10, 0.5)
	f(step, 20, 1)
	ramp := Fault{Kind: faultRamp, At: 10, For: 10, Factor: 0.5}
	f(ramp, 15, 0.75)
	f(ramp, 100, 0.5)
	decay := Fault{Kind: faultDecay, At: 0, For: 100, Factor: 0.25}
	f(decay, 50, 0.5)
	f(decay, 101, 1)
	f(Fault{Kind: faultStall, At: 0, For: 5}, 3, 0)
	flap := Fault{Kind: faultFlap, At: 0, Factor: 0.6, Period: 100}
	f(flap, 20, 0.6)
	f(flap, 70, 1)
}

func TestHistogramQuantile(t *testing.T) {
	var h histogram
	for i := range 1000 {
		h.add(float64(i+1)/1000, 1)
	}
	if got := h.quantile(0.99); math.Abs(got-0.99) > 0.06 {
		t.Errorf("p99 of 1 ms … 1 s is %v", got)
	}
}

// The definition of a reversal, on rates drawn by hand.
// Nobody new is let in, and those who are inside are held all the same.
func TestWhoWasInsideBeforeIsCounted(t *testing.T) {
	s := &Scenario{
		Name: "inside", Duration: 600, People: People{Inside: 5000},
		Resources: []Resource{
			{Name: "was", PerReplica: 100, Latency: 0.02, Replicas: &Replicas{Start: 3, Min: 2, Max: 20}},
			{Name: "stock", Capacity: 5, Latency: 0.08},
		},
	}
	s.fill()
	board, err := Score(t.Context(), s, []string{"fixed"}, 2, DefaultTuning())
	if err != nil {
		t.Fatal(err)
	}
	if got := board.Controllers["fixed"]; got.Admitted > 0 || got.Held < 0.1 || got.Held > 1 {
		t.Errorf("%.0f admitted, %.2f held", got.Admitted, got.Held)
	}
}

func TestReversals(t *testing.T) {
	f := func(name string, want int, rates ...float64) {
		t.Helper()
		var m moves
		for i, r := range rates {
			m.see(float64(i*60), r, 100)
		}
		if m.reversals != want {
			t.Errorf("%s: %d reversals, want %d", name, m.reversals, want)
		}
	}
	f("steady", 0, 100, 101, 99, 100, 102, 98)
	f("one way", 0, 100, 120, 140, 160)
	f("up and down", 1, 100, 120, 100)
	f("up and, long after, down", 0, 100, 120, 120, 120, 120, 120, 120, 120, 100)
	f("saw", 3, 100, 120, 100, 120, 100)
}

func TestTelemetryIsAMeanOverItsWindow(t *testing.T) {
	var w sumsWindow
	for second, served := range []float64{10, 40, 70, 100} {
		w.open = sums{served: served, inFlight: served, steps: 10}
		last, all := w.close(3)
		want := []float64{10, 25, 40, 70}[second] // of the last three
		if got := all.served / all.steps * 10; got != want || last.inFlight != served {
			t.Errorf("second %d: %g served a second and %g in flight, want %g and %g", second, got, last.inFlight, want, served)
		}
	}
}
