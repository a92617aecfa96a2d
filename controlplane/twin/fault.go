package twin

import (
	"fmt"
	"math"
)

// Kinds of faults. SCENARIOS.md says what each does.
const (
	faultStep      = "step"
	faultStall     = "stall"
	faultRamp      = "ramp"
	faultDecay     = "decay"
	faultFlap      = "flap"
	faultVisits    = "visits"
	faultThink     = "think"
	faultShow      = "show"
	faultStorm     = "retry_storm"
	faultKill      = "replica_kill"
	faultNoStart   = "replica_start_failure"
	faultLeader    = "leader_loss"
	faultLoss      = "telemetry_loss"
	faultFrozen    = "telemetry_frozen"
	faultZero      = "telemetry_zero"
	faultNaN       = "telemetry_nan"
	faultLate      = "telemetry_delay"
	everyResource  = ""
	lineOfPeople   = "line"
	untilTheEnd    = Duration(1e9)
	defaultDecayIn = 1800
)

func (f Fault) validate(resources map[string]bool) error {
	switch f.Kind {
	case faultStep, faultRamp, faultDecay, faultFlap, faultVisits:
		if f.Factor <= 0 {
			return fmt.Errorf("%s needs a positive factor", f.Kind)
		}
		fallthrough
	case faultStall:
		if !resources[f.Resource] {
			return fmt.Errorf("%s of unknown resource %q", f.Kind, f.Resource)
		}
	case faultThink, faultShow, faultStorm:
		if f.Factor <= 0 {
			return fmt.Errorf("%s needs a positive factor", f.Kind)
		}
	case faultKill:
		if f.Count <= 0 {
			return fmt.Errorf("%s needs a count", f.Kind)
		}
	case faultNoStart, faultLeader:
	case faultLoss, faultFrozen, faultZero, faultNaN, faultLate:
		if f.Resource != everyResource && f.Resource != lineOfPeople && !resources[f.Resource] {
			return fmt.Errorf("%s of unknown signal %q", f.Kind, f.Resource)
		}
	default:
		return fmt.Errorf("unknown kind %q", f.Kind)
	}
	return nil
}

// active says whether the fault is on at t seconds after the opening.
func (f Fault) active(t float64) bool {
	length := f.For
	if length == 0 {
		length = untilTheEnd
	}
	return t >= float64(f.At) && t < float64(f.At+length)
}

// multiplier is what the fault does to a value at t: 1 is nothing.
func (f Fault) multiplier(t float64) float64 {
	if !f.active(t) {
		// A ramp ends where it led; everything else ends where it began.
		if f.Kind == faultRamp && t >= float64(f.At) {
			return f.Factor
		}
		return 1
	}
	into := t - float64(f.At)
	switch f.Kind {
	case faultStall:
		return 0
	case faultRamp:
		length := float64(f.For)
		if length == 0 {
			length = defaultDecayIn
		}
		return 1 + (f.Factor-1)*min(1, into/length)
	case faultDecay:
		// Factor is reached after For, or half an hour, on an exponential.
		length := float64(f.For)
		if length == 0 {
			length = defaultDecayIn
		}
		return math.Pow(f.Factor, into/length)
	case faultFlap:
		if math.Mod(into, float64(f.Period)) < float64(f.Period)/2 {
			return f.Factor
		}
		return 1
	}
	return f.Factor
}

// factor multiplies all faults of the given kinds that concern a resource.
func (s *Scenario) factor(t float64, resource string, kinds ...string) float64 {
	m := 1.0
	for _, f := range s.Faults {
		if f.Resource != resource {
			continue
		}
		for _, k := range kinds {
			if f.Kind == k {
				m *= f.multiplier(t)
			}
		}
	}
	return m
}

// CapacityFactor is what the faults make of a resource's capacity t seconds
// after the opening: 1 is all of it, 0 a stall.
func (s *Scenario) CapacityFactor(resource string, t float64) float64 {
	return s.factor(t, resource, faultStep, faultStall, faultRamp, faultDecay, faultFlap)
}

// struck says whether a telemetry fault of a kind hits a signal at t.
func (s *Scenario) struck(t float64, kind, signal string) bool {
	for _, f := range s.Faults {
		if f.Kind == kind && f.active(t) && (f.Resource == signal || f.Resource == everyResource && signal != lineOfPeople) {
			return true
		}
	}
	return false
}

// leaderless says whether nobody steers at t.
func (s *Scenario) leaderless(t float64) bool {
	for _, f := range s.Faults {
		if f.Kind == faultLeader && f.active(t) {
			return true
		}
	}
	return false
}
