package steering_test

import (
	"math"

	"sunbeon/controlplane/steering"
)

// wicket is a plant of one resource, with a local gate that refuses whoever would wait
// for more than half a second. People come to it some time after they were called,
// not all at once, and those it refused ask again after four seconds.
type wicket struct {
	Proved, Believed float64 // requests a second, beforehand
	Max, Floor       float64 // of the rate
	Most             float64 // requests a second it can serve
	LeadS            float64 // from a call to the request, on the mean
	// Can is what it does in a second while so many wait.
	Can func(second int, queue float64) float64
}

// play lets the steering have it for some seconds, and counts the requests served
// and the changes of the rate by more than 2 %.
func (w wicket) play(seconds int) (served float64, changes int) {
	cfg := steering.Default()
	cfg.Session = steering.Session{LengthMS: int64(1000 * w.LeadS), ClaimDelayMS: 1000, Show: 1, RetryMS: 4000}
	cfg.Resources = []steering.ResourceConfig{
		{Name: "desk", Kind: steering.KindBackend, Visits: 1, Proved: w.Proved, Believed: w.Believed, AtMS: int64(1000 * w.LeadS)},
	}
	in := steering.Inputs{
		Term:      1,
		Admission: steering.Control{Mode: steering.ModeAuto, Max: w.Max, Floor: w.Floor},
		Cohorts:   []steering.Cohort{{ID: "tonight", OpenMS: 1, Approved: true, Open: true, Waiting: 1e7}},
	}
	var state steering.State
	var reading, typing, queue, outside float64
	for second := range seconds {
		come, back := typing/(w.LeadS/2), outside/4
		reading, typing = reading*(1-2/w.LeadS)+state.Output.Rate, typing-come+reading*(2/w.LeadS)
		queue, outside = queue+come+back, outside-back
		can := w.Can(second, queue)
		done := min(queue, can)
		queue, served = queue-done, served+done
		refused := max(0, queue-w.Most/2)
		queue, outside = queue-refused, outside+refused
		if can == 0 {
			can = w.Most // who waits for it does not know
		}

		in.NowMS, in.FreshScrapes = int64(1000*second)+1_000_000, second
		in.Admission.Current = state.Output.Rate
		in.Line.Later.Called += state.Output.Rate
		in.Line.Later.Claimed += state.Output.Rate
		in.Line.Waiting, in.Line.Sessions = 1e7, in.Line.Later.Claimed-served
		wave := 1 + 0.01*math.Sin(float64(second)/7) // nothing is measured exactly
		in.Resources = []steering.Resource{{
			Name: "desk", Kind: steering.KindBackend, Throughput: done * wave, InFlight: done*0.1 + queue,
			Latency: (0.1 + queue/can) * wave, Rejected: refused, Rejecting: math.Ceil(min(1, refused)),
			Utilisation: math.NaN(),
		}}
		state, _ = steering.Step(cfg, state, in)
		if math.Abs(state.Output.Rate-in.Admission.Current) > 0.02*in.Admission.Current {
			changes++
		}
	}
	return served, changes
}
