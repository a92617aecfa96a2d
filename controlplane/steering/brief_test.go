package steering_test

import (
	"math"
	"testing"

	"sunbeon/controlplane/steering"
)

// A desk that pauses for three seconds every minute was taken, after each pause, for
// one that can do what it was seen to do in it, which came to half of what it can;
// and the changes of an hour were spent on that.
func TestAPauseOfSecondsIsNoLowerCapacity(t *testing.T) {
	const most, lead, seconds = 100.0, 60.0, 3600
	cfg := steering.Default()
	cfg.Session = steering.Session{LengthMS: 1000 * lead, ClaimDelayMS: 1000, Show: 1, RetryMS: 4000}
	cfg.Resources = []steering.ResourceConfig{
		{Name: "desk", Kind: steering.KindBackend, Visits: 1, Proved: 50, Believed: 100, AtMS: 1000 * lead},
	}
	in := steering.Inputs{
		Term:      1,
		Admission: steering.Control{Mode: steering.ModeAuto, Max: 1000, Floor: 10},
		Cohorts:   []steering.Cohort{{ID: "tonight", OpenMS: 1, Approved: true, Open: true, Waiting: 1e7}},
	}
	var state steering.State
	var reading, typing, queue, outside, booked, changes float64
	for second := range seconds {
		come, back := typing/(lead/2), outside/4 // those who were refused ask again after 4 s
		reading, typing = reading*(1-2/lead)+state.Output.Rate, typing-come+reading*(2/lead)
		queue, outside = queue+come+back, outside-back
		served := min(queue, most)
		if second%60 < 3 {
			served = 0
		}
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
			Latency: (0.1 + queue/most) * wave, Rejected: refused, Rejecting: math.Ceil(min(1, refused)),
			Utilisation: math.NaN(),
		}}
		state, _ = steering.Step(cfg, state, in)
		if rate := state.Output.Rate; math.Abs(rate-in.Admission.Current) > 0.02*in.Admission.Current {
			changes++
		}
	}
	share := booked / (most * (57.0 / 60) * (seconds - lead))
	t.Logf("%.3f of what was possible, %.0f changes", share, changes)
	if share < 0.75 {
		t.Error("want 0.75")
	}
}
