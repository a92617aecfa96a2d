// Package serving holds the arithmetic of the serving number: the public
// number up to which turns are called. The control plane publishes it as
// segments, gates follow them, and anyone can recompute them; all three use
// this one function of time. It is pure.
package serving

import (
	"errors"
	"fmt"
	"math"
)

// StepMS is the width, in milliseconds, of the steps in which S(t) rises. A
// gate and a verifier whose clocks differ by less than a step agree.
const StepMS = 100

// Segment defines S(t), the serving number of one cohort, for every time t:
// linear at Rate until the lease ends, then decaying towards Floor, so that a
// gate cut off from the control plane slows down by itself and the public can
// still compute the number.
type Segment struct {
	Cohort string `json:"cohort"`
	// Number counts the segments of the cohort from 1.
	Number int64 `json:"number"`
	// Start is S(T0), in turns.
	Start int64 `json:"start"`
	// T0 is the time the segment begins, in Unix milliseconds.
	T0 int64 `json:"t0_ms"`
	// RateMilli is λ, in thousandths of a turn per second.
	RateMilli int64 `json:"rate_milli"`
	// Until is the end of the lease, in Unix milliseconds.
	Until int64 `json:"until_ms"`
	// Cap is the number S(t) never passes under this segment.
	Cap int64 `json:"cap"`
	// FloorMilli is the rate the decay tends to, in thousandths of a turn per
	// second; at most RateMilli.
	FloorMilli int64 `json:"floor_milli"`
	// TauMS is the time constant of the decay, in milliseconds.
	TauMS int64 `json:"tau_ms"`
}

// ErrInvalid is wrapped by every error of [Segment.Validate].
var ErrInvalid = errors.New("invalid serving segment")

// Validate reports whether the segment defines a serving number that never
// moves back and never runs past its cap.
func (s Segment) Validate() error {
	switch {
	case s.Cohort == "":
		return fmt.Errorf("%w: no cohort", ErrInvalid)
	case s.Number < 1:
		return fmt.Errorf("%w: number %d is not positive", ErrInvalid, s.Number)
	case s.Start < 0 || s.Cap < s.Start:
		return fmt.Errorf("%w: start %d, cap %d", ErrInvalid, s.Start, s.Cap)
	case s.T0 <= 0 || s.Until < s.T0:
		return fmt.Errorf("%w: begins at %d, lease ends at %d", ErrInvalid, s.T0, s.Until)
	case s.FloorMilli < 0 || s.RateMilli < s.FloorMilli:
		return fmt.Errorf("%w: rate %d, floor %d", ErrInvalid, s.RateMilli, s.FloorMilli)
	case s.TauMS < 0:
		return fmt.Errorf("%w: decay time %d", ErrInvalid, s.TauMS)
	}
	return nil
}

// At returns S(t), the serving number at tMS (Unix milliseconds). It is
// constant within steps of [StepMS], never falls as t grows, is Start before
// T0 and at most Cap.
func (s Segment) At(tMS int64) int64 {
	if tMS <= s.T0 {
		return s.Start
	}
	elapsed := (tMS - s.T0) / StepMS * StepMS
	lease := max(s.Until-s.T0, 0)
	turns := mulDiv(s.RateMilli, min(elapsed, lease), 1_000_000)
	if past := elapsed - lease; past > 0 {
		turns = s.leased(lease, past)
	}
	if turns >= s.Cap-s.Start {
		return s.Cap
	}
	return s.Start + turns
}

// leased is the number of turns called by past milliseconds after the end of
// a lease of the given length: λ·lease + ∫[f + (λ−f)e^(−u/τ)]du, floored once,
// so that the number does not step back where the two pieces meet.
func (s Segment) leased(lease, past int64) int64 {
	rate, floor := float64(s.RateMilli)/1000, float64(s.FloorMilli)/1000
	u := float64(past) / 1000
	area := floor * u
	if tau := float64(s.TauMS) / 1000; tau > 0 {
		area += (rate - floor) * tau * -math.Expm1(-u/tau)
	}
	total := rate*float64(lease)/1000 + area
	if total >= math.MaxInt64/2 {
		return math.MaxInt64 / 2
	}
	return max(int64(total), mulDiv(s.RateMilli, lease, 1_000_000))
}

// RateAt returns the rate in force at tMS, in thousandths of a turn per
// second: λ within the lease, decayed towards the floor after it, zero before
// T0 and once the cap is reached.
func (s Segment) RateAt(tMS int64) int64 {
	if tMS < s.T0 || s.At(tMS) >= s.Cap {
		return 0
	}
	past := tMS - s.Until
	if past <= 0 {
		return s.RateMilli
	}
	if s.TauMS == 0 {
		return s.FloorMilli
	}
	decayed := float64(s.RateMilli-s.FloorMilli) * math.Exp(-float64(past)/float64(s.TauMS))
	return s.FloorMilli + int64(decayed)
}

// mulDiv is a·b/c for non-negative a and b, saturating far above any line
// instead of overflowing.
func mulDiv(a, b, c int64) int64 {
	if a != 0 && b > math.MaxInt64/a {
		return math.MaxInt64 / 2
	}
	return a * b / c
}
