package upstream

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
)

// guard stands around one system: Retry(Bulkhead(Breaker(attempt))). A call
// gives its place in the bulkhead back while it waits to try again, and a full
// bulkhead says nothing to the breaker.
type guard struct {
	system  string
	limits  Limits
	budget  *budget
	metrics systemMetrics
	run     failsafe.Executor[any]
}

// again marks an attempt's error as one to follow with another attempt.
type again struct{ *attemptError }

func (a again) Unwrap() error { return a.attemptError }

func newGuard(system string, limits Limits, metrics systemMetrics, logger *slog.Logger) *guard {
	breaker := circuitbreaker.NewBuilder[any]().
		HandleIf(func(_ any, err error) bool {
			var attempt *attemptError
			return errors.As(err, &attempt) && attempt.outcome.trips()
		}).
		WithFailureRateThreshold(limits.FailureShare, limits.MinCalls, limits.Window).
		WithSuccessThreshold(3).
		WithDelay(limits.OpenFor).
		WithJitterFactor(0.25). // replicas that opened together do not probe together
		OnStateChanged(func(e circuitbreaker.StateChangedEvent) {
			open := 1.0
			if e.NewState == circuitbreaker.ClosedState {
				open = 0
			}
			metrics.open.Set(open)
			logger.Warn("breaker", "system", system, "state", e.NewState.String())
		}).
		Build()
	retry := retrypolicy.NewBuilder[any]().
		HandleIf(func(_ any, err error) bool {
			var marked again
			return errors.As(err, &marked)
		}).
		WithMaxRetries(limits.Retries).
		WithBackoff(25*time.Millisecond, 400*time.Millisecond).
		WithJitterFactor(0.5).
		ReturnLastFailure().
		OnRetry(func(failsafe.ExecutionEvent[any]) { metrics.retries.Inc() }).
		Build()
	places := bulkhead.NewBuilder[any](limits.InFlight).WithMaxWaitTime(limits.MaxWait).Build()
	return &guard{
		system:  system,
		limits:  limits,
		budget:  newBudget(limits.RetryShare, 10),
		metrics: metrics,
		run:     failsafe.With[any](retry, places, breaker),
	}
}

// call makes attempts until one is answered or the limits are reached. write
// says that an attempt without an answer may have had an effect.
//
// An attempt once sent is seen through to its answer or deadline even when ctx
// is cancelled: the system goes on working on it, so it keeps its place in the
// bulkhead, and its outcome is worth knowing. An earlier deadline of ctx is
// kept. A ctx that has ended already makes no attempt and is returned as its
// own error.
func (g *guard) call(ctx context.Context, write bool, attempt func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		g.metrics.unsent(abandoned)
		return err
	}
	g.budget.earn()
	uncertain := false
	err := g.run.WithContext(context.WithoutCancel(ctx)).RunWithExecution(func(exec failsafe.Execution[any]) error {
		err := g.attempt(ctx, attempt)
		var problem *attemptError
		if !errors.As(err, &problem) {
			if err == nil || errors.As(err, new(*Refusal)) {
				uncertain = false // a definite answer settles what earlier attempts left open
			}
			return err
		}
		uncertain = uncertain || problem.outcome.uncertain()
		if problem.outcome.retryable() && exec.Retries() < g.limits.Retries && ctx.Err() == nil && g.budget.spend() {
			return again{problem}
		}
		return err
	})
	return g.explain(err, write && uncertain)
}

// attempt makes one and measures it.
func (g *guard) attempt(ctx context.Context, attempt func(context.Context) error) error {
	deadline := time.Now().Add(g.limits.Deadline)
	if earlier, ok := ctx.Deadline(); ok && earlier.Before(deadline) {
		deadline = earlier
	}
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), deadline)
	defer cancel()
	g.metrics.inFlight.Inc()
	defer g.metrics.inFlight.Dec()
	began := time.Now()
	err := attempt(ctx)
	g.metrics.attempt(ctx, outcomeOf(err), time.Since(began))
	return err
}

func outcomeOf(err error) outcome {
	var problem *attemptError
	switch {
	case err == nil:
		return answered
	case errors.As(err, &problem):
		return problem.outcome
	}
	return refused
}

// explain turns the last attempt's error into what callers are promised.
func (g *guard) explain(err error, uncertain bool) error {
	if err == nil || errors.As(err, new(*Refusal)) {
		return err
	}
	e := &Error{System: g.system, Kind: ErrDown, Cause: err}
	var problem *attemptError
	switch {
	case errors.Is(err, bulkhead.ErrFull):
		g.metrics.unsent(held)
		e.Kind, e.RetryAfter = ErrBusy, time.Second
	case errors.Is(err, circuitbreaker.ErrOpen):
		g.metrics.unsent(shut)
		e.RetryAfter = g.limits.OpenFor
	case errors.As(err, &problem) && (problem.outcome == busy || problem.outcome == timedOut):
		e.Kind, e.RetryAfter, e.Cause = ErrBusy, max(problem.retryAfter, time.Second), problem.cause
	case errors.As(err, &problem):
		e.Cause = problem.cause
	}
	if uncertain {
		e.Kind = ErrUnknown
	}
	return e
}
