// Package upstream calls the systems Sunbeon depends on and cannot scale:
// eligibility and stock. Around each stand, from the outside in, retries within
// a budget, a bulkhead, a circuit breaker and a deadline, so that a slow or
// broken system costs its callers a bounded time and is never asked for more
// than it was.
//
// Every error is one of four, and the caller must tell them apart: [ErrDown]
// and [ErrBusy] mean that nothing happened, [ErrUnknown] that a write may have
// happened, and a [Refusal] that the system decided against the request.
package upstream
