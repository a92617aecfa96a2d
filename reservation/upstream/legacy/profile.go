package legacy

import (
	"errors"
	"fmt"
	"time"
)

// The systems simulated.
const (
	Identity    = "identity"
	Eligibility = "eligibility"
	Stock       = "stock"
)

// Systems lists them in the order they are shown.
var Systems = []string{Identity, Eligibility, Stock}

// Unbounded is the Queue of a system that turns nobody away.
const Unbounded = -1

// Profile says how a system behaves while nothing is wrong with it.
type Profile struct {
	// Capacity is the most requests a second, whatever the concurrency.
	Capacity float64
	// ServiceTime is how long one request takes on an idle system; it varies
	// evenly by up to Jitter either way.
	ServiceTime, Jitter time.Duration
	// Workers is how many requests are worked on at once; 0 is six times what
	// the capacity needs, so that it is the capacity which binds.
	Workers int
	// Queue is how many requests may wait for a worker; further ones are
	// turned away. 0 is ten seconds of capacity, [Unbounded] turns nobody away.
	Queue int
	// Saturation is the number in flight (waiting or in work) up to which the
	// capacity holds, and Collapse how steeply it falls beyond: at twice the
	// saturation the capacity is divided by 1+Collapse. A Saturation of 0 is
	// half a second of capacity; a Collapse of 0 never collapses.
	Saturation int
	Collapse   float64
}

// Defaults are the demonstration's systems: eligibility near 200 requests a
// second and stock near 120, so that on any machine the upstreams and not the
// code limit the evening.
func Defaults() map[string]Profile {
	return map[string]Profile{
		Identity:    {Capacity: 4000, ServiceTime: 5 * time.Millisecond, Jitter: 2 * time.Millisecond, Collapse: 0.5},
		Eligibility: {Capacity: 200, ServiceTime: 30 * time.Millisecond, Jitter: 10 * time.Millisecond, Collapse: 0.25},
		Stock:       {Capacity: 120, ServiceTime: 40 * time.Millisecond, Jitter: 15 * time.Millisecond, Collapse: 0.25},
	}
}

// filled has a value in place of every 0 that stands for one.
func (p Profile) filled() Profile {
	if p.Workers == 0 {
		p.Workers = max(8, int(6*p.Capacity*p.ServiceTime.Seconds()))
	}
	if p.Queue == 0 {
		p.Queue = max(1, int(10*p.Capacity))
	}
	if p.Saturation == 0 {
		p.Saturation = max(p.Workers, int(p.Capacity/2))
	}
	return p
}

// maxCapacity bounds capacities, in requests a second.
const maxCapacity = 1e6

// Validate names the first value that makes no sense.
func (p Profile) Validate() error {
	switch {
	case !(p.Capacity > 0) || p.Capacity > maxCapacity:
		return fmt.Errorf("capacity %g: want more than 0 and at most %g a second", p.Capacity, maxCapacity)
	case p.Workers < 0 || p.Saturation < 0:
		return errors.New("workers and saturation are not negative")
	case p.ServiceTime < 0 || p.Jitter < 0 || p.Jitter > p.ServiceTime:
		return fmt.Errorf("service time %v with jitter %v: want 0 ≤ jitter ≤ service time", p.ServiceTime, p.Jitter)
	case p.Queue < Unbounded:
		return fmt.Errorf("queue %d: want a length, or %d for no bound", p.Queue, Unbounded)
	case !(p.Collapse >= 0):
		return fmt.Errorf("collapse %g: want 0 or more", p.Collapse)
	}
	return nil
}

// CapacityAt is the capacity a second with so many requests in flight: flat up
// to saturation, then hyperbolic, so that throughput falls but never reaches
// zero and the system recovers once the load is gone.
func (p Profile) CapacityAt(inFlight int) float64 {
	if p.Collapse == 0 || inFlight <= p.Saturation {
		return p.Capacity
	}
	excess := float64(inFlight-p.Saturation) / float64(p.Saturation)
	return p.Capacity / (1 + p.Collapse*excess)
}
