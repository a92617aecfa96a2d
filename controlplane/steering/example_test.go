package steering_test

import (
	"fmt"
	"math"

	"sunbeon/controlplane/steering"
)

// A plant of one's own is steered by handing Step what was measured in the last
// second and putting its Output in force. This one is a desk that books 50
// people a second, 20 s after each was called, and was thought to do 40.
func ExampleStep() {
	cfg := steering.Default()
	cfg.Session = steering.Session{LengthMS: 20_000, ClaimDelayMS: 1000, Show: 1, RetryMS: 4000}
	cfg.Resources = []steering.ResourceConfig{
		{Name: "desk", Kind: steering.KindBackend, Visits: 1, Proved: 20, Believed: 40, AtMS: 20_000},
	}
	in := steering.Inputs{
		Term:      1,
		Admission: steering.Control{Mode: steering.ModeAuto, Max: 500, Floor: 10},
		Cohorts:   []steering.Cohort{{ID: "tonight", OpenMS: 1, Approved: true, Open: true, Waiting: 1e6}},
	}
	var state steering.State
	var called []float64 // by second
	var queue, booked, lately float64
	for second := range 1200 {
		called = append(called, state.Output.Rate)
		if second >= 20 {
			queue += called[second-20]
		}
		served := min(queue, 50)
		queue, booked = queue-served, booked+served

		in.NowMS, in.FreshScrapes = int64(1000*second)+1_000_000, second
		in.Admission.Current = state.Output.Rate
		in.Line.Later.Called += state.Output.Rate
		in.Line.Later.Claimed += state.Output.Rate
		in.Line.Waiting, in.Line.Sessions = 1e6, in.Line.Later.Claimed-booked
		refused := max(0, queue-25) / 4 // those who do not fit ask again after 4 s
		in.Resources = []steering.Resource{{
			Name: "desk", Kind: steering.KindBackend, Throughput: served, InFlight: served*0.1 + min(queue, 25),
			Latency: 0.1 + min(queue, 25)/50 + 1e-4*float64(second%7), Rejected: refused, Rejecting: math.Ceil(min(1, refused)),
			Utilisation: math.NaN(),
		}}
		state, _ = steering.Step(cfg, state, in)
		if second >= 900 {
			lately += state.Output.Rate / 300
		}
	}
	fmt.Printf("limited by %s, lately called as many as it books, within a tenth: %v\n",
		state.Output.Limited, math.Abs(lately-50) <= 5)
	fmt.Printf("more than nine tenths of what was possible: %v\n", booked > 0.9*50*1180)
	// Output:
	// limited by desk, lately called as many as it books, within a tenth: true
	// more than nine tenths of what was possible: true
}
