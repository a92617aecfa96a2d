package staging

import (
	"context"
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"sunbeon/controlplane/twin"
	"sunbeon/reservation/rush"
)

// Played is what came of a scenario, for real or in the simulation. The slices
// hold one value for each second after the opening.
type Played struct {
	Passes, Bookings []float64
	Rate             []float64 // turns a second in force
	Waiting          []float64 // people in the line; only of the simulation
	// Held and Failed are shares of the people let in, 0 to 1.
	Held, Failed float64
	P99S         float64 // of a page, in seconds; "hold on" answers apart
	Replicas     float64 // most WAS at once
}

// Comparison says how far apart the simulation and the real evening are.
type Comparison struct {
	Scenario string   `json:"scenario"`
	Seeds    int      `json:"seeds"` // evenings simulated; theirs are means
	Figures  []Figure `json:"figures"`
	// BookingsApart is the mean distance between the two curves of bookings
	// made so far, as a share of the simulated total.
	BookingsApart float64 `json:"bookings_apart"`
	// RateApart is the mean distance between the two admission rates, in means
	// of ten seconds, as a share of the mean simulated rate while people wait.
	RateApart float64  `json:"rate_apart"`
	Series    []Moment `json:"series"`
}

// Figure is one measure of both evenings.
type Figure struct {
	Name      string   `json:"name"`
	Unit      string   `json:"unit"`
	Simulated *float64 `json:"simulated"` // null where it never came to it
	Real      *float64 `json:"real"`
}

// Moment is the means of ten seconds, so many seconds after the opening; of the
// bookings, the sum so far.
type Moment struct {
	T             int     `json:"t"`
	SimulatedRate float64 `json:"simulated_rate"`
	Rate          float64 `json:"rate"`
	SimulatedSum  float64 `json:"simulated_bookings"`
	Sum           float64 `json:"bookings"`
}

// simulated is how many evenings the real one is held against.
const simulatedSeeds = 3

// window is the length of a moment, in seconds.
const window = 10

// Real is the real evening, as the crowd's counts and the rates in force tell it.
func Real(series rush.Series, rate []float64) Played {
	p := Played{Passes: floats(series.Passes), Bookings: floats(series.Bookings), Rate: rate}
	held := 0.0
	for _, n := range series.Held {
		held += float64(n)
	}
	p.Held = held / max(1, total(p.Passes))
	return p
}

// Simulate plays the scenario in the simulation.
func (g *Staging) Simulate(ctx context.Context) (Played, error) {
	var mean Played
	for seed := range simulatedSeeds {
		run, err := twin.Simulate(ctx, g.Scenario, "cascade", uint64(seed+1), twin.DefaultTuning())
		if err != nil {
			return mean, err
		}
		add := func(into *[]float64, series []float64) {
			for i, v := range series {
				if i == len(*into) {
					*into = append(*into, 0)
				}
				(*into)[i] += v / simulatedSeeds
			}
		}
		add(&mean.Passes, run.Trace.Claimed)
		add(&mean.Bookings, run.Trace.Confirmed)
		add(&mean.Rate, run.Trace.Rate)
		add(&mean.Waiting, run.Trace.Waiting)
		mean.Held += run.Result.Held / simulatedSeeds
		mean.Failed += run.Result.Failed / simulatedSeeds
		mean.P99S = max(mean.P99S, run.Result.P99)
		for _, n := range run.Trace.Replicas {
			mean.Replicas = max(mean.Replicas, n)
		}
	}
	return mean, nil
}

// Compare holds a real evening against the simulated one.
func (g *Staging) Compare(ctx context.Context, real Played) (Comparison, error) {
	sim, err := g.Simulate(ctx)
	if err != nil {
		return Comparison{}, err
	}
	length := int(g.Scenario.Duration)
	c := Comparison{Scenario: g.Scenario.Name, Seeds: simulatedSeeds}
	figure := func(name, unit string, of func(Played) *float64) {
		c.Figures = append(c.Figures, Figure{Name: name, Unit: unit, Simulated: of(sim), Real: of(real)})
	}
	value := func(v float64) *float64 { return &v }
	figure("passes", "people", func(p Played) *float64 { return value(total(upTo(p.Passes, length))) })
	figure("bookings", "people", func(p Played) *float64 { return value(total(upTo(p.Bookings, length))) })
	figure("half of the bookings made after", "s", func(p Played) *float64 { return reached(p.Bookings, total(sim.Bookings)/2) })
	figure("nine tenths made after", "s", func(p Played) *float64 { return reached(p.Bookings, total(sim.Bookings)*0.9) })
	for _, f := range g.Scenario.Faults {
		if g.Scenario.CapacityFactor(f.Resource, float64(f.At)) < 1 {
			figure(fmt.Sprintf("%s of %s at %s: rate down by a tenth after", f.Kind, f.Resource, seconds(f.At)), "s",
				func(p Played) *float64 { return answered(p.Rate, int(f.At)) })
		}
	}
	figure("let in and held", "%", func(p Played) *float64 { return value(100 * p.Held) })
	figure("let in and failed", "%", func(p Played) *float64 { return value(100 * p.Failed) })
	figure("p99 of a page", "s", func(p Played) *float64 { return value(p.P99S) })
	figure("WAS at most", "", func(p Played) *float64 { return value(p.Replicas) })
	c.draw(sim, real, length)
	return c, nil
}

// draw fills in the series and the distances between them.
func (c *Comparison) draw(sim, real Played, length int) {
	all := total(sim.Bookings)
	var m Moment
	var apart, rates, rateApart, calling, waiting float64
	for t := range length {
		m.SimulatedSum += at(sim.Bookings, t)
		m.Sum += at(real.Bookings, t)
		m.SimulatedRate += at(sim.Rate, t) / window
		m.Rate += at(real.Rate, t) / window
		waiting += at(sim.Waiting, t) / window
		apart += math.Abs(m.SimulatedSum-m.Sum) / max(1, all) / float64(length)
		if (t+1)%window != 0 {
			continue
		}
		m.T = t + 1 - window
		c.Series = append(c.Series, m)
		if waiting >= 1 && m.SimulatedSum < 0.9*all { // where nobody waits the rate means nothing
			rateApart += math.Abs(m.SimulatedRate - m.Rate)
			rates += m.SimulatedRate
			calling++
		}
		m.SimulatedRate, m.Rate, waiting = 0, 0, 0
	}
	c.BookingsApart = apart
	if calling > 0 {
		c.RateApart = rateApart / max(rates, 1e-9)
	}
}

// Print tells the comparison to a person.
func (c Comparison) Print(out io.Writer) {
	fmt.Fprintf(out, "%s, simulated and for real\n", c.Scenario)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tsimulated\treal\tapart\t")
	for _, f := range c.Figures {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t\n", f.Name, amount(f.Simulated, f.Unit), amount(f.Real, f.Unit), apart(f))
	}
	w.Flush()
	fmt.Fprintf(out, "  the curves of bookings are %.1f %% of all bookings apart on the mean, the rates %.1f %%\n",
		100*c.BookingsApart, 100*c.RateApart)
}

func amount(v *float64, unit string) string {
	if v == nil {
		return "never"
	}
	text := fmt.Sprintf("%.2f", *v)
	if math.Abs(*v) >= 100 || *v == math.Trunc(*v) {
		text = fmt.Sprintf("%.0f", *v)
	}
	if unit == "" || unit == "people" {
		return text
	}
	return text + " " + unit
}

// apart is the difference in the figure's own unit where that says more than a
// share.
func apart(f Figure) string {
	switch {
	case f.Simulated == nil || f.Real == nil:
		return "–"
	case f.Unit == "people" && *f.Simulated > 0:
		return fmt.Sprintf("%+.1f %%", 100*(*f.Real / *f.Simulated - 1))
	default:
		return fmt.Sprintf("%+.2f", *f.Real-*f.Simulated)
	}
}

// reached is the second by which the sum of a series comes to n.
func reached(series []float64, n float64) *float64 {
	sum := 0.0
	for t, v := range series {
		if sum += v; sum >= n {
			at := float64(t + 1)
			return &at
		}
	}
	return nil
}

// answered is how many seconds after a fault a rate has fallen by a tenth.
func answered(rate []float64, fault int) *float64 {
	if fault < 1 || fault >= len(rate) {
		return nil
	}
	before := rate[fault-1]
	for t := fault; t < len(rate); t++ {
		if rate[t] <= 0.9*before {
			after := float64(t - fault)
			return &after
		}
	}
	return nil
}

func floats(counts []int) []float64 {
	out := make([]float64, len(counts))
	for i, n := range counts {
		out[i] = float64(n)
	}
	return out
}

func upTo(series []float64, n int) []float64 { return series[:min(n, len(series))] }

func at(series []float64, t int) float64 {
	if t < len(series) {
		return series[t]
	}
	return 0
}

func total(series []float64) float64 {
	sum := 0.0
	for _, v := range series {
		sum += v
	}
	return sum
}
