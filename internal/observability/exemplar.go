package observability

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
)

// Observe adds a value to a histogram. Where the trace in ctx is sampled, so that
// somebody can look it up, the value bears its id as an exemplar: from a slow
// bucket on a dashboard it is one step to a request that was in it.
func Observe(ctx context.Context, into prometheus.Observer, value float64) {
	if span := trace.SpanContextFromContext(ctx); span.IsSampled() {
		if bearing, ok := into.(prometheus.ExemplarObserver); ok {
			bearing.ObserveWithExemplar(value, prometheus.Labels{"trace_id": span.TraceID().String()})
			return
		}
	}
	into.Observe(value)
}
