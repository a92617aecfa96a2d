package upstream

import (
	"errors"
	"time"
)

// Limits are what one process grants one system.
type Limits struct {
	// Deadline bounds one attempt, counted after the bulkhead.
	Deadline time.Duration
	// InFlight is the most attempts under way at once, and MaxWait how long a
	// call waits for its turn among them.
	InFlight uint
	MaxWait  time.Duration
	// Retries is the most further attempts a call makes, RetryShare the most
	// they may add to the volume of all calls.
	Retries    int
	RetryShare float64
	// The breaker opens when FailureShare of at least MinCalls in Window
	// failed, and probes after about OpenFor.
	FailureShare float64
	MinCalls     uint
	Window       time.Duration
	OpenFor      time.Duration
}

// DefaultLimits of a system. The window is short, or successes from before a
// stall would keep the breaker closed through it.
func DefaultLimits(system string) Limits {
	l := Limits{
		Deadline: 2 * time.Second, InFlight: 64, MaxWait: 200 * time.Millisecond,
		Retries: 2, RetryShare: 0.1,
		FailureShare: 0.5, MinCalls: 10, Window: 3 * time.Second, OpenFor: time.Second,
	}
	if system == SystemStock {
		l.InFlight = 40
	}
	return l
}

func (l Limits) validate() error {
	switch {
	case l.Deadline <= 0 || l.InFlight < 1 || l.MaxWait < 0:
		return errors.New("limits: want a deadline and at least one call in flight")
	case l.Retries < 0 || l.RetryShare < 0 || l.RetryShare > 1:
		return errors.New("limits: want retries from 0 and a share from 0 to 1")
	case l.FailureShare <= 0 || l.FailureShare > 1 || l.MinCalls < 1 || l.Window <= 0 || l.OpenFor <= 0:
		return errors.New("limits: want a breaker with a share up to 1, calls, window and pause")
	}
	return nil
}
