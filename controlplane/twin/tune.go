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

// tuningEvenings are the numbers of the random evenings on which the baselines were
// tuned. None of them is on the scoreboard, for theirs as little as for ours.
var tuningEvenings = []uint64{1001, 1002, 1004, 1006, 1007, 1009, 1011, 1012}

// Tune searches the parameters of one baseline: trials random draws over wide
// ranges, the first being those it has, then as many small changes of the best,
// each scored by worth on every tuning evening. After each trial it tells how many
// of all are done, that trial and the best so far. It returns the best.
func Tune(ctx context.Context, name string, trials int, seed uint64, tell func(done, all int, trial, best Trial)) (Trial, error) {
	random := rand.New(rand.NewPCG(seed, 0x70e))
	evenings := make([]*Scenario, len(tuningEvenings))
	references := make([]float64, len(evenings))
	for i, number := range tuningEvenings {
		evenings[i] = Random(number)
		run, err := Simulate(ctx, evenings[i], "clairvoyant", 1, DefaultTuning())
		if err != nil {
			return Trial{}, err
		}
		references[i] = run.Result.Goodput
	}
	best := Trial{Score: math.Inf(-1), Tuning: DefaultTuning()}
	for n := range 2 * trials {
		trial := Trial{Tuning: best.Tuning}
		switch {
		case n == 0: // what it has now
		case n < trials:
			draw(random, name, &trial.Tuning)
		default:
			nudge(random, name, &trial.Tuning)
		}
		for i, s := range evenings {
			run, err := Simulate(ctx, s, name, 1, trial.Tuning)
			if err != nil {
				return Trial{}, err
			}
			trial.Score += worth(run.Result, references[i]) / float64(len(evenings))
		}
		if trial.Score > best.Score {
			best = trial
		}
		tell(n+1, 2*trials, trial, best)
	}
	return best, nil
}

// Tunable are the controllers that have parameters to search.
func Tunable() []string { return []string{"fixed", "aimd", "gradient2", "pi"} }

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
