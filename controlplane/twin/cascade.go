package twin

import (
	"encoding/json"
	"fmt"

	"sunbeon/controlplane/steering"
)

// cascade is our own controller: the steering package, driven as the leader
// drives it, its state passing through JSON when the leader changes.
type cascade struct {
	config    steering.Config
	state     steering.State
	term      uint64
	decisions []steering.Decision
	keep      bool
}

// Configure is what the operators would have configured for this evening.
func Configure(s *Scenario) steering.Config {
	c := steering.Default()
	c.PeriodMS = s.Control.Period.milliseconds()
	c.Session = steering.Session{
		LengthMS:     int64(s.sessionLength() * float64(s.Control.SessionX) * 1000),
		ClaimDelayMS: int64(float64(s.People.ClaimDelay.Mean) * float64(s.Control.ClaimX) * 1000),
		Show:         s.People.Show,
		RetryMS:      s.Session.Retry.After.Mean.milliseconds(),
	}
	// A demonstration in which two minutes become seconds lives that much faster.
	c.Admission.ChangesPerHour = int(60 * s.pace())
	for _, r := range s.Resources {
		capacity, kind := r.Capacity, steering.KindBackend
		if r.Replicas != nil {
			capacity, kind = r.PerReplica, steering.KindWAS
			c.Replicas.ColdStartMS = r.Replicas.ColdStart.milliseconds()
		}
		if s.visits(r) > 0 {
			c.Resources = append(c.Resources, steering.ResourceConfig{
				Name: r.Name, Kind: kind, Visits: s.visits(r) * r.Prior.Visits,
				Proved: capacity * r.Prior.Proved, Believed: capacity * r.Prior.Believed,
				AtMS: int64(s.visitedAt(r) * float64(s.Control.SessionX) * 1000),
			})
		}
	}
	return c
}

func newCascade(s *Scenario) *cascade { return &cascade{config: Configure(s)} }

func (c *cascade) step(_ float64, in steering.Inputs) command {
	if in.Term != c.term {
		c.handOver()
		c.term = in.Term
	}
	var decisions []steering.Decision
	c.state, decisions = steering.Step(c.config, c.state, in)
	if c.keep {
		c.decisions = append(c.decisions, decisions...)
	}
	return command{rate: c.state.Output.Rate, replicas: c.state.Output.Replicas, closed: len(c.state.Output.Open) == 0}
}

// handOver sends the state through the plan, as a new leader would receive it.
func (c *cascade) handOver() {
	b, err := json.Marshal(c.state)
	if err != nil {
		panic(fmt.Sprintf("steering state does not marshal: %v", err))
	}
	c.state = steering.State{}
	if err := json.Unmarshal(b, &c.state); err != nil {
		panic(fmt.Sprintf("steering state does not unmarshal: %v", err))
	}
}
