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
