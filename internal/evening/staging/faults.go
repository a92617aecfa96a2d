package staging

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sunbeon/controlplane/twin"
	"sunbeon/reservation/upstream/legacy"
)

// The faults of a scenario that can be played, by what plays them.
var (
	capacityFaults = []string{"step", "stall", "ramp", "decay", "flap"}
	silenceFault   = "leader_loss"
	killFault      = "replica_kill"
)

// untilEnd is how long a fault without a length lasts.
func (g *Staging) untilEnd(f twin.Fault) time.Duration {
	if f.For > 0 {
		return seconds(f.For)
	}
	return seconds(g.Scenario.Duration - f.At)
}

func (g *Staging) stageFaults() error {
	var errs []error
	for i, f := range g.Scenario.Faults {
		switch {
		case slices.Contains(capacityFaults, f.Kind):
			if !slices.Contains(legacy.Systems, f.Resource) {
				errs = append(errs, fmt.Errorf("fault %d: the capacity of %s is real and cannot be bent", i+1, f.Resource))
			}
		case f.Kind == killFault:
			g.Kills = append(g.Kills, Kill{At: seconds(f.At), Count: f.Count})
		case f.Kind == silenceFault:
			g.Silences = append(g.Silences, Silence{At: seconds(f.At), For: g.untilEnd(f)})
		default:
			errs = append(errs, fmt.Errorf("fault %d: %s can only be simulated; played are %s, %s and %s",
				i+1, f.Kind, strings.Join(capacityFaults, ", "), killFault, silenceFault))
		}
	}
	for _, system := range legacy.Systems {
		if r, ok := g.resource(system); ok {
			g.Faults.Schedule = append(g.Faults.Schedule, g.spells(r)...)
		}
	}
	return errors.Join(append(errs, g.Faults.Validate())...)
}

// Spells are at least this long, and longer where the evening would need more
// of them than a schedule holds.
const (
	shortestSpell = 500 * time.Millisecond
	mostSpells    = 300
)

// spells cuts what the faults make of a capacity over the evening into pieces in
// which it is constant.
func (g *Staging) spells(r twin.Resource) []legacy.Step {
	every := max(shortestSpell, seconds(g.Scenario.Duration)/mostSpells)
	var steps []legacy.Step
	before := 1.0
	for at := time.Duration(0); at < seconds(g.Scenario.Duration); at += every {
		factor := g.Scenario.CapacityFactor(r.Name, at.Seconds())
		if factor == before {
			continue
		}
		if n := len(steps); n > 0 && steps[n-1].ForMS == 0 {
			steps[n-1].ForMS = at.Milliseconds() - steps[n-1].AfterMS
		}
		if factor != 1 {
			steps = append(steps, legacy.Step{AfterMS: at.Milliseconds(), Conditions: conditions(r, factor)})
		}
		before = factor
	}
	return steps
}

// conditions are those of a system at a share of its capacity, when each
// request takes as much longer, up to ten times.
func conditions(r twin.Resource, factor float64) legacy.Conditions {
	fault := &legacy.Fault{Stall: factor == 0}
	if factor > 0 {
		slower := min(10, 1/factor) - 1
		fault.CapacityFactor = &factor
		fault.ExtraLatencyMS = max(0, time.Duration(slower*float64(seconds(r.Latency))).Milliseconds())
	}
	switch r.Name {
	case legacy.Identity:
		return legacy.Conditions{Identity: fault}
	case legacy.Eligibility:
		return legacy.Conditions{Eligibility: fault}
	}
	return legacy.Conditions{Stock: fault}
}
