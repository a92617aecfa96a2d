package upstream

import (
	"errors"
	"fmt"
	"time"
)

// Systems called.
const (
	SystemEligibility = "eligibility"
	SystemStock       = "stock"
)

var (
	// ErrDown means that the system cannot do it now, and did not: it is not
	// reached, answers with errors, or its breaker is open.
	ErrDown = errors.New("system is down")
	// ErrBusy means that the system, or our share of it, is full or slow, and
	// did not do it. Asking again after RetryAfter may help.
	ErrBusy = errors.New("system is busy")
	// ErrUnknown means that a write was sent and no answer came: it may have
	// taken effect. Writing again under the same key, or looking the key up,
	// resolves it.
	ErrUnknown = errors.New("outcome is unknown")
)

// Error is a call without an answer. It matches one of ErrDown, ErrBusy and
// ErrUnknown with errors.Is.
type Error struct {
	System string
	Kind   error
	// RetryAfter is when asking again may help; zero where nothing is known.
	RetryAfter time.Duration
	// Cause is what went wrong in the last attempt.
	Cause error
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %v: %v", e.System, e.Kind, e.Cause) }

func (e *Error) Unwrap() []error { return []error{e.Kind, e.Cause} }

// Refusal is a system's definite no. Code is the system's, Detail for people.
type Refusal struct {
	System, Code, Detail string
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("%s refuses: %s: %s", r.System, r.Code, r.Detail)
}

// outcome is how one attempt ended; it is a label of the metrics.
type outcome string

const (
	answered  outcome = "ok"
	refused   outcome = "refused"
	busy      outcome = "busy"      // turned away at the door: nothing happened
	down      outcome = "down"      // not reached, or says it is down: nothing happened
	failed    outcome = "error"     // an answer that makes no sense
	timedOut  outcome = "timeout"   // no answer before the deadline
	lost      outcome = "lost"      // the connection broke before the answer
	held      outcome = "bulkhead"  // not sent: our share is in use
	shut      outcome = "breaker"   // not sent: the breaker is open
	abandoned outcome = "abandoned" // not sent: the caller has gone
)

// outcomes are all of them, so that every series exists from the start.
var outcomes = []outcome{answered, refused, busy, down, failed, timedOut, lost, held, shut, abandoned}

// trips reports whether the outcome speaks against the system's health. A busy
// system is well: it protects itself.
func (o outcome) trips() bool { return o == down || o == failed || o == timedOut || o == lost }

// retryable reports whether another attempt is worth its cost at once. Timeouts
// are not: a slow system is made slower by being asked twice.
func (o outcome) retryable() bool { return o == down || o == failed || o == lost }

// uncertain reports whether a write may have taken effect.
func (o outcome) uncertain() bool { return o == failed || o == timedOut || o == lost }

// attemptError is an attempt without an answer.
type attemptError struct {
	outcome    outcome
	retryAfter time.Duration
	cause      error
}

func (e *attemptError) Error() string { return e.cause.Error() }
func (e *attemptError) Unwrap() error { return e.cause }
