package legacy

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// Fault is what is wrong with one system. The zero value is nothing.
type Fault struct {
	// Down turns every request away at the door.
	Down bool `json:"down,omitempty" doc:"Every request is refused with 503 at once."`
	// Stall stops all work; requests wait and go on when it is lifted.
	Stall bool `json:"stall,omitempty" doc:"Nothing is finished while this is set; requests wait."`
	// ErrorRate, LieRate and LostRate are shares of requests, together at
	// most 1, that fail after their work, get an untrue answer, or take effect
	// without an answer.
	ErrorRate float64 `json:"error_rate,omitempty" minimum:"0" maximum:"1" doc:"Share answered with 500 after the work, without effect."`
	LieRate   float64 `json:"lie_rate,omitempty" minimum:"0" maximum:"1" doc:"Share answered untruly."`
	LostRate  float64 `json:"lost_rate,omitempty" minimum:"0" maximum:"1" doc:"Share that takes effect while the connection is dropped unanswered."`
	// ExtraLatencyMS is added to every request's time, in milliseconds.
	ExtraLatencyMS int64 `json:"extra_latency_ms,omitempty" minimum:"0" maximum:"600000" doc:"Milliseconds added to every request."`
	// ServiceTimeMS replaces the system's own, jitter included; nil keeps it.
	ServiceTimeMS *float64 `json:"service_time_ms,omitempty" doc:"Milliseconds one request takes in place of the system's own time, 0 to 600000."`
	// Capacity replaces the system's own, in requests a second; nil keeps it.
	Capacity *float64 `json:"capacity,omitempty" doc:"Requests a second in place of the system's own capacity."`
	// CapacityFactor multiplies the capacity; nil is 1.
	CapacityFactor *float64 `json:"capacity_factor,omitempty" doc:"Multiplies the system's capacity, above 0 and at most 10."`
}

func (f Fault) capacityFactor() float64 {
	if f.CapacityFactor == nil {
		return 1
	}
	return *f.CapacityFactor
}

// Faulty reports whether anything is wrong.
func (f Fault) Faulty() bool { return !f.equal(Fault{}) }

// equal compares what the faults do, not where their factors are stored.
func (f Fault) equal(g Fault) bool {
	same := f.capacityFactor() == g.capacityFactor() && f.capacity(0) == g.capacity(0) && f.serviceTime(-1) == g.serviceTime(-1)
	f.Capacity, g.Capacity, f.CapacityFactor, g.CapacityFactor, f.ServiceTimeMS, g.ServiceTimeMS = nil, nil, nil, nil, nil, nil
	return same && f == g
}

// capacity is the fault's capacity, or else the system's own.
func (f Fault) capacity(own float64) float64 {
	if f.Capacity == nil {
		return own
	}
	return *f.Capacity
}

// serviceTime is the fault's, or else the system's own.
func (f Fault) serviceTime(own time.Duration) time.Duration {
	if f.ServiceTimeMS == nil {
		return own
	}
	return time.Duration(*f.ServiceTimeMS * float64(time.Millisecond))
}

func (f Fault) extraLatency() time.Duration {
	return time.Duration(f.ExtraLatencyMS) * time.Millisecond
}

func (f Fault) validate() error {
	if f.ErrorRate < 0 || f.LieRate < 0 || f.LostRate < 0 || f.ErrorRate+f.LieRate+f.LostRate > 1 {
		return errors.New("error_rate, lie_rate, lost_rate: want shares from 0 to 1, together at most 1")
	}
	if f.ExtraLatencyMS < 0 || f.ExtraLatencyMS > 600_000 {
		return errors.New("extra_latency_ms: want 0 to 600000")
	}
	if f.ServiceTimeMS != nil && !(*f.ServiceTimeMS >= 0 && *f.ServiceTimeMS <= 600_000) {
		return errors.New("service_time_ms: want 0 to 600000")
	}
	if f.Capacity != nil && !(*f.Capacity > 0 && *f.Capacity <= maxCapacity) {
		return fmt.Errorf("capacity: want more than 0 and at most %g a second (stall or down stop a system)", maxCapacity)
	}
	return validateFactor(f.CapacityFactor)
}

func validateFactor(factor *float64) error {
	if factor != nil && !(*factor > 0 && *factor <= 10) {
		return errors.New("capacity_factor: want more than 0 and at most 10 (stall or down stop a system)")
	}
	return nil
}

// Conditions are what is wrong with all systems at one time. A system left out
// is well.
type Conditions struct {
	// CapacityFactor scales all systems, on top of each one's own factor.
	CapacityFactor *float64 `json:"capacity_factor,omitempty" doc:"Multiplies the capacity of all systems, on top of each one's own factor."`
	Identity       *Fault   `json:"identity,omitempty"`
	Eligibility    *Fault   `json:"eligibility,omitempty"`
	Stock          *Fault   `json:"stock,omitempty"`
}

// own is what is wrong with one system alone; nil is nothing.
func (c Conditions) own(system string) *Fault {
	switch system {
	case Identity:
		return c.Identity
	case Eligibility:
		return c.Eligibility
	case Stock:
		return c.Stock
	}
	return nil
}

// Of is what is wrong with one system, the shared capacity factor included.
func (c Conditions) Of(system string) Fault {
	var fault Fault
	if own := c.own(system); own != nil {
		fault = *own
	}
	if c.CapacityFactor != nil {
		factor := *c.CapacityFactor * fault.capacityFactor()
		fault.CapacityFactor = &factor
	}
	return fault
}

func (c Conditions) validate() error {
	if err := validateFactor(c.CapacityFactor); err != nil {
		return err
	}
	for _, system := range Systems {
		if own := c.own(system); own != nil {
			if err := own.validate(); err != nil {
				return fmt.Errorf("%s: %w", system, err)
			}
		}
	}
	return nil
}

// overlay is c with whatever over names taken from over.
func (c Conditions) overlay(over Conditions) Conditions {
	return Conditions{
		CapacityFactor: cmp.Or(over.CapacityFactor, c.CapacityFactor),
		Identity:       cmp.Or(over.Identity, c.Identity),
		Eligibility:    cmp.Or(over.Eligibility, c.Eligibility),
		Stock:          cmp.Or(over.Stock, c.Stock),
	}
}

// Step is a spell of conditions, counted from when the faults were put.
type Step struct {
	AfterMS int64 `json:"after_ms" minimum:"0" doc:"Start, in milliseconds after the PUT."`
	// ForMS of 0 lasts until other faults are put.
	ForMS int64 `json:"for_ms,omitempty" minimum:"0" doc:"Length in milliseconds; 0 lasts until the next PUT."`
	Conditions
}

func (s Step) active(elapsed time.Duration) bool {
	ms := elapsed.Milliseconds()
	return ms >= s.AfterMS && (s.ForMS == 0 || ms < s.AfterMS+s.ForMS)
}

// Faults are conditions that hold now and a schedule of spells laid over them,
// later ones over earlier ones.
type Faults struct {
	Conditions
	Schedule []Step `json:"schedule,omitempty"`
}

const (
	maxSteps = 1000
	maxMS    = 7 * 24 * 3600 * 1000
)

// ReadFaults decodes and checks faults; unknown members are errors, so that a
// misspelt fault is not silently no fault.
func ReadFaults(r io.Reader) (Faults, error) {
	var f Faults
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		return Faults{}, fmt.Errorf("faults: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Faults{}, errors.New("faults: more than one JSON value")
	}
	if err := f.Validate(); err != nil {
		return Faults{}, fmt.Errorf("faults: %w", err)
	}
	return f, nil
}

// Validate names the first value that makes no sense.
func (f Faults) Validate() error {
	if err := f.Conditions.validate(); err != nil {
		return err
	}
	if len(f.Schedule) > maxSteps {
		return fmt.Errorf("schedule: more than %d steps", maxSteps)
	}
	for n, step := range f.Schedule {
		if step.AfterMS < 0 || step.ForMS < 0 || step.AfterMS > maxMS || step.ForMS > maxMS {
			return fmt.Errorf("schedule[%d]: times want 0 to %d ms", n, maxMS)
		}
		if err := step.validate(); err != nil {
			return fmt.Errorf("schedule[%d]: %w", n, err)
		}
	}
	return nil
}

// At is what holds so long after the faults were put.
func (f Faults) At(elapsed time.Duration) Conditions {
	now := f.Conditions
	for _, step := range f.Schedule {
		if step.active(elapsed) {
			now = now.overlay(step.Conditions)
		}
	}
	return now
}

// changes are the times, ascending, at which At may change.
func (f Faults) changes() []time.Duration {
	var times []time.Duration
	for _, step := range f.Schedule {
		times = append(times, time.Duration(step.AfterMS)*time.Millisecond)
		if step.ForMS > 0 {
			times = append(times, time.Duration(step.AfterMS+step.ForMS)*time.Millisecond)
		}
	}
	slices.Sort(times)
	return slices.Compact(times)
}
