package twin

import (
	"context"
	"math"
	"math/rand/v2"
)

// Trial is one set of parameters and what it scored.
type Trial struct {
	Score  float64 `json:"score"`
	Tuning Tuning  `json:"tuning"`
}

// Tune searches the parameters of one baseline: trials random draws over wide
// ranges, then as many small changes of the best, each scored by worth on every
// scenario. The last trial is the best. Scenarios of the scoreboard should not
// be among them, for theirs as little as for ours.
func Tune(ctx context.Context, name string, scenarios []*Scenario, trials int, seed uint64) ([]Trial, error) {
	random := rand.New(rand.NewPCG(seed, 0x70e))
	references := make([]float64, len(scenarios))
	for i, s := range scenarios {
		run, err := Simulate(ctx, s, "clairvoyant", 1, DefaultTuning())
		if err != nil {
			return nil, err
		}
		references[i] = run.Result.Goodput
	}
	var out []Trial
	best := Trial{Score: math.Inf(-1), Tuning: DefaultTuning()}
	for n := range 2 * trials {
		t := best.Tuning
		switch {
		case n == 0: // what it has now
		case n < trials:
			draw(random, name, &t)
		default:
			nudge(random, name, &t)
		}
		score := 0.0
		for i, s := range scenarios {
			run, err := Simulate(ctx, s, name, 1, t)
			if err != nil {
				return nil, err
			}
			score += worth(run.Result, references[i]) / float64(len(scenarios))
		}
		trial := Trial{score, t}
		out = append(out, trial)
		if score > best.Score {
			best = trial
		}
	}
	return append(out, best), nil
}

// worth is the goodput ratio, less what breaks the service's promises: at most
// half a per cent failed, a tenth held, two seconds at the 99th percentile.
func worth(r Result, reference float64) float64 {
	return r.Goodput/max(1, reference) -
		4*max(0, r.Failed-goodFailed) - 0.5*max(0, r.Held-goodHeld) - 0.1*max(0, r.P99-goodP99)
}

// knobs are a baseline's parameters with their ranges.
func (t *Tuning) knobs(name string) (values []*float64, low, high []float64) {
	add := func(v *float64, l, h float64) {
		values, low, high = append(values, v), append(low, l), append(high, h)
	}
	switch name {
	case "fixed":
		add(&t.Fixed, 0.4, 2)
	case "aimd":
		add(&t.AIMD.Start, 0.5, 2)
		add(&t.AIMD.Alpha, 0.0003, 0.02)
		add(&t.AIMD.Beta, 0.4, 0.97)
		add(&t.AIMD.Held, 0.005, 0.3)
		add(&t.AIMD.Slow, 1.3, 12)
		add(&t.AIMD.Cooldown, 10, 240)
	case "gradient2":
		add(&t.Gradient2.Start, 0.5, 3)
		add(&t.Gradient2.Tolerance, 1, 5)
		add(&t.Gradient2.Window, 30, 1200)
		add(&t.Gradient2.Smoothing, 0.003, 0.3)
		add(&t.Gradient2.Queue, 0.05, 10)
		add(&t.Gradient2.HeldWeight, 0.5, 50)
		add(&t.Gradient2.Fill, 5, 200)
	case "pi":
		add(&t.PI.Start, 0.5, 2)
		add(&t.PI.Kp, 0.005, 1)
		add(&t.PI.Ki, 0.0001, 0.03)
		add(&t.PI.Setpoint, 0.1, 10)
		add(&t.PI.HeldWeight, 0.5, 50)
	}
	return values, low, high
}

// draw sets every knob anywhere in its range, evenly on a logarithmic scale.
func draw(random *rand.Rand, name string, t *Tuning) {
	values, low, high := t.knobs(name)
	for i, v := range values {
		*v = low[i] * math.Pow(high[i]/low[i], random.Float64())
	}
}

// nudge changes every knob by some ten per cent.
func nudge(random *rand.Rand, name string, t *Tuning) {
	values, low, high := t.knobs(name)
	for i, v := range values {
		*v = max(low[i], min(high[i], *v*math.Exp(0.15*random.NormFloat64())))
	}
}
