package steering_test

import (
	"math"
	"testing"

	"sunbeon/controlplane/steering"
)

// opening is a booth at an hour at which nobody has been let in yet.
func opening() *booth {
	b := newBooth()
	b.state.Output.Rate = 0
	return b
}

// People who claimed later than believed passed for people who never come, and
// three times as many were wanted as the stock system could bear.
func TestWhoIsLateIsNotMissing(t *testing.T) {
	b := newBooth()
	steady := 120 / 0.9
	for range 10 {
		b.step(false, func(in *steering.Inputs) {
			in.Line.Later.Claimed, in.Line.Sessions = 0, 0
			for i := range in.Resources {
				r := &in.Resources[i]
				r.Throughput, r.Rejected, r.Rejecting = 0, 0, 0
				r.InFlight, r.Latency = 0, 0.02
			}
		})
	}
	for _, d := range b.told {
		if d.Actuator == steering.ActuatorAdmission && d.Unclamped > 2*steady {
			t.Errorf("%.0f/s wished where %.0f/s are believed to be borne", d.Unclamped, steady)
		}
	}
	if len(b.told) == 0 {
		t.Error("nothing was decided")
	}
}

// A stock system that takes requests and answers none looks idle: nothing is
// served, nothing refused.
func TestNothingIsRaisedIntoAStockSystemThatHangs(t *testing.T) {
	b := opening()
	hang := func(in *steering.Inputs) {
		for i := range in.Resources {
			if r := &in.Resources[i]; r.Name == "stock" {
				r.Throughput, r.Rejected, r.Rejecting, r.Latency = 0, 0, 0, math.NaN()
				r.InFlight = 50 + 0.1*float64(b.second%7)
			}
		}
	}
	highest := 0.0
	for range 60 {
		before := b.state.Output.Rate
		b.step(false, hang)
		if b.second > 1 && b.state.Output.Rate > before {
			t.Fatalf("%.0f → %.0f/s after %d s of silence", before, b.state.Output.Rate, b.second)
		}
		highest = max(highest, b.state.Output.Rate)
	}
	for range 200 {
		b.step(false, nil)
	}
	if b.state.Output.Rate < 60 {
		t.Errorf("%.0f/s long after it answers again", b.state.Output.Rate)
	}
}

// Who is held at the door came: they count as load to come, and raise nothing.
func TestWhoIsHeldAtTheDoorComesSoon(t *testing.T) {
	many, few := newBooth(), newBooth()
	for range 120 {
		many.step(false, nil)
		few.step(false, nil)
	}
	held := func(people float64) func(*steering.Inputs) {
		return func(in *steering.Inputs) { in.Line.Asking = people }
	}
	many.step(false, held(2000))
	few.step(false, held(0))
	if many.state.Output.Rate >= few.state.Output.Rate {
		t.Errorf("%.0f/s with two thousand at the door, %.0f/s with none", many.state.Output.Rate, few.state.Output.Rate)
	}
}
