package steering_test

import (
	"math"
	"testing"

	"sunbeon/controlplane/steering"
)

// A desk that books 500 people a second, but only 400 while more than a second's
// work waits, looks under strain as if it could do 400. What it carried before the strain is
// what it can do: neither may 400 be planned for ever after, nor may it be driven
// into strain again and again.
func TestMarkIsWhatWasCarriedBeforeTheStrain(t *testing.T) {
	const least, most, lead, seconds = 400.0, 500.0, 20.0, 3600
	cfg := steering.Default()
	cfg.Session = steering.Session{LengthMS: 1000 * lead, ClaimDelayMS: 1000, Show: 1, RetryMS: 4000}
	cfg.Resources = []steering.ResourceConfig{
		{Name: "desk", Kind: steering.KindBackend, Visits: 1, Proved: 200, Believed: 400, AtMS: 1000 * lead},
	}
	in := steering.Inputs{
		Term:      1,
		Admission: steering.Control{Mode: steering.ModeAuto, Max: 5000, Floor: 50},
		Cohorts:   []steering.Cohort{{ID: "tonight", OpenMS: 1, Approved: true, Open: true, Waiting: 1e7}},
	}
	var state steering.State
	var reading, typing, queue, outside, booked, strained float64
	for second := range seconds {
		come, back := typing/(lead/2), outside/4 // those who were refused ask again after 4 s
		reading, typing = reading*(1-2/lead)+state.Output.Rate, typing-come+reading*(2/lead)
		queue, outside = queue+come+back, outside-back
		can := most
		if queue > most {
			can, strained = least, strained+1
		}
		served := min(queue, can)
		queue, booked = queue-served, booked+served
		refused := max(0, queue-most/2)
		queue, outside = queue-refused, outside+refused

		in.NowMS, in.FreshScrapes = int64(1000*second)+1_000_000, second
		in.Admission.Current = state.Output.Rate
		in.Line.Later.Called += state.Output.Rate
		in.Line.Later.Claimed += state.Output.Rate
		in.Line.Waiting, in.Line.Sessions = 1e7, in.Line.Later.Claimed-booked
		wave := 1 + 0.01*math.Sin(float64(second)/7) // nothing is measured exactly
		in.Resources = []steering.Resource{{
			Name: "desk", Kind: steering.KindBackend, Throughput: served * wave, InFlight: served*0.1 + queue,
			Latency: (0.1 + queue/can) * wave, Rejected: refused, Rejecting: math.Ceil(min(1, refused)),
			Utilisation: math.NaN(),
		}}
		state, _ = steering.Step(cfg, state, in)
	}
	share := booked / (most * (seconds - lead))
	t.Logf("%.3f of what was possible, under strain for %.3f of the hour", share, strained/seconds)
	if share < 0.87 || strained > 0.16*seconds {
		t.Error("want 0.87, and under strain for at most 0.16")
	}
}
