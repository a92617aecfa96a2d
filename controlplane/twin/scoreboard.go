package twin

import (
	"context"
	"fmt"
)

// Scoreboard is what each controller made of one scenario.
type Scoreboard struct {
	Scenario    string            `json:"scenario"`
	Seeds       int               `json:"seeds"`
	Controllers map[string]Result `json:"controllers"`

	pace float64 // how much faster than a real evening sessions run, at least 1
}

// Score plays a scenario with each named controller on seeds 1 to seeds and
// averages. Goodput ratios are of sums over the seeds, against the clairvoyant,
// which is always played.
func Score(ctx context.Context, s *Scenario, names []string, seeds int, tuning Tuning) (Scoreboard, error) {
	board := Scoreboard{Scenario: s.Name, Seeds: seeds, Controllers: map[string]Result{}, pace: s.pace()}
	reference, err := over(ctx, s, "clairvoyant", seeds, tuning)
	if err != nil {
		return board, err
	}
	for _, name := range names {
		r := reference
		if name != "clairvoyant" {
			if r, err = over(ctx, s, name, seeds, tuning); err != nil {
				return board, err
			}
		}
		r.Ratio = 1 // of nothing
		if reference.Goodput > 0 {
			r.Ratio = r.Goodput / reference.Goodput
		}
		board.Controllers[name] = r
	}
	return board, nil
}

// over plays the seeds of one controller: sums, means, the worst p99 and every
// unsafe action.
func over(ctx context.Context, s *Scenario, name string, seeds int, tuning Tuning) (Result, error) {
	var total Result
	var convergence, discovery mean
	n, letIn := float64(seeds), 0.0
	for seed := range seeds {
		run, err := Simulate(ctx, s, name, uint64(seed+1), tuning)
		if err != nil {
			return Result{}, err
		}
		r := run.Result
		total.Goodput += r.Goodput
		total.Admitted += r.Admitted
		total.Possible += r.Possible
		people := r.Admitted + s.People.Inside
		letIn += people
		total.Failed += r.Failed * people
		total.Held += r.Held * people
		total.P99 = max(total.P99, r.P99)
		total.Actuations += r.Actuations / n
		total.Reversals += r.Reversals / n
		total.Overshoot += r.Overshoot / n
		total.Unsafe += r.Unsafe
		total.ReplicaHours += r.ReplicaHours / n
		convergence.add(r.Convergence)
		discovery.add(r.Discovery)
	}
	total.Failed /= max(1, letIn)
	total.Held /= max(1, letIn)
	total.Convergence, total.Discovery = convergence.value(), discovery.value()
	return total, nil
}

// mean of values that may be missing; one missing value makes it missing.
type mean struct {
	sum     float64
	n       int
	missing bool
}

func (m *mean) add(v *float64) {
	if v == nil {
		m.missing = true
		return
	}
	m.sum += *v
	m.n++
}

func (m *mean) value() *float64 {
	if m.missing || m.n == 0 {
		return nil
	}
	v := m.sum / float64(m.n)
	return &v
}

// What our controller is held to.
const (
	goodRatio       = 0.95
	goodFailed      = 0.005
	goodHeld        = 0.1
	goodP99         = 2.0
	goodConvergence = 180.0
	goodActuations  = 60.0
	goodLead        = 0.01
)

// Losses names what the cascade did not reach in this scenario.
func (b Scoreboard) Losses() []string {
	ours, ok := b.Controllers["cascade"]
	if !ok {
		return nil
	}
	var out []string
	lose := func(bad bool, format string, args ...any) {
		if bad {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	lose(ours.Ratio < goodRatio, "goodput %.3f of the clairvoyant's", ours.Ratio)
	lose(ours.Failed > goodFailed, "%.2f %% of sessions failed", 100*ours.Failed)
	lose(ours.Held > goodHeld, "%.1f %% of sessions were held", 100*ours.Held)
	lose(ours.P99 > goodP99, "p99 %.2f s", ours.P99)
	lose(ours.Convergence != nil && *ours.Convergence > goodConvergence, "converged after %.0f s", value(ours.Convergence))
	if best, ok := b.Controllers["clairvoyant"]; ok && ours.Discovery != nil && best.Discovery != nil {
		lose(*ours.Discovery > 1.3**best.Discovery+30, "discovery took %.0f s, the clairvoyant's %.0f s", *ours.Discovery, *best.Discovery)
	}
	lose(ours.Actuations > goodActuations*max(1, b.pace), "%.0f actuations an hour", ours.Actuations)
	lose(ours.Unsafe > 0, "%.0f unsafe actions", ours.Unsafe)
	for _, name := range Names() {
		r, ok := b.Controllers[name]
		lose(ok && name != "clairvoyant" && r.Ratio > ours.Ratio+goodLead,
			"%s reached %.3f, ours %.3f (it failed %.2f %% and held %.0f %% of sessions)", name, r.Ratio, ours.Ratio, 100*r.Failed, 100*r.Held)
	}
	return out
}

func value(v *float64) float64 {
	if v == nil {
		return 0
	}
	return *v
}
