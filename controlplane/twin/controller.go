package twin

import (
	"math"

	"sunbeon/controlplane/steering"
)

// command is what a controller wants in force.
type command struct {
	rate     float64 // calls a second
	replicas int
	closed   bool // the cohort is not open yet
}

// controller steers one run. It sees the inputs only; the clairvoyant alone also
// looks at the plant, which it is given when it is made.
type controller interface {
	step(t float64, in steering.Inputs) command
}

// Names of the controllers, in the order of the scoreboard.
func Names() []string {
	return []string{"cascade", "fixed", "aimd", "gradient2", "pi", "hpa", "clairvoyant"}
}

func newController(name string, s *Scenario, p *plant, l *line, tuning Tuning) controller {
	switch name {
	case "cascade":
		return newCascade(s)
	case "fixed":
		return &fixed{priorRate(s), newAutoscaler(s), tuning.Fixed}
	case "aimd":
		return &aimd{prior: priorRate(s), rate: priorRate(s) * tuning.AIMD.Start, scaler: newAutoscaler(s), tuning: tuning.AIMD}
	case "gradient2":
		return newGradient2(s, tuning.Gradient2)
	case "pi":
		return &proportional{prior: priorRate(s), scaler: newAutoscaler(s), tuning: tuning.PI}
	case "hpa":
		return &fixed{float64(s.Control.RateMax), newAutoscaler(s), 1}
	case "clairvoyant":
		return newClairvoyant(s, p, l)
	}
	return nil
}

// priorRate is the call rate the operators' beliefs add up to.
func priorRate(s *Scenario) float64 {
	rate := math.Inf(1)
	for _, r := range s.Resources {
		capacity := r.Capacity
		if r.Replicas != nil {
			capacity = r.PerReplica * float64(r.Replicas.Max)
		}
		if v := s.visits(r) * r.Prior.Visits; v > 0 {
			rate = min(rate, capacity*r.Prior.Believed/v/s.People.Show)
		}
	}
	return rate
}

// strain is the share of requests held, and the worst latency relative to the
// lowest seen; what a controller without a model has to go by.
type strain struct {
	base map[string]float64
}

func (g *strain) read(in steering.Inputs) (held, slow float64, ok bool) {
	if g.base == nil {
		g.base = map[string]float64{}
	}
	var done, rejected float64
	slow = 1
	for _, r := range in.Resources {
		if math.IsNaN(r.Throughput) || r.AgeMS > 5000 {
			return 0, 0, false
		}
		rejected += r.Rejected
		if r.Kind == steering.KindWAS {
			done = r.Throughput
		}
		if r.Latency > 0 && r.Throughput > 0 {
			base, known := g.base[r.Name]
			if !known || r.Latency < base {
				base = r.Latency
			}
			g.base[r.Name] = base * 1.0002
			slow = max(slow, r.Latency/base)
		}
	}
	return rejected / max(done+rejected, 1e-9), slow, true
}
