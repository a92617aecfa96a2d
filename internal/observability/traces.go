package observability

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// newTracers makes the process's spans. Without an endpoint they carry ids for
// the logs and go nowhere. With one, a share of new traces is sampled and sent
// in the background from a bounded queue: a collector that is down costs the
// spans, never a request's time.
func newTracers(cfg Config) (*sdktrace.TracerProvider, error) {
	if cfg.OTLPEndpoint == "" {
		return sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.NeverSample()))), nil
	}
	if u, err := url.Parse(cfg.OTLPEndpoint); err != nil || u.Host == "" {
		return nil, fmt.Errorf("OTLP endpoint %q: want http://host:4318", cfg.OTLPEndpoint)
	}
	exporter, err := otlptracehttp.New(context.Background(), otlptracehttp.WithEndpointURL(cfg.OTLPEndpoint))
	if err != nil {
		return nil, fmt.Errorf("configure OTLP: %w", err)
	}
	return sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(cfg.TraceShare))),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "sunbeon-"+cfg.Process),
			attribute.String("service.instance.id", cfg.Instance),
		)),
	), nil
}

// Span runs f as one step of the trace in ctx, such as a ledger commit, and
// marks it failed where f returns an error.
func (o *Observability) Span(ctx context.Context, name string, f func(context.Context) error) error {
	ctx, span := o.tracer.Start(ctx, name)
	defer span.End()
	err := f(ctx)
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
	}
	return err
}

// Transport makes each request of a sampled trace a client span, and passes the
// trace context on to the server.
func (o *Observability) Transport(next http.RoundTripper) http.RoundTripper {
	return transport{o.tracer, o.propagator, next}
}

type transport struct {
	tracer     trace.Tracer
	propagator propagation.TextMapPropagator
	next       http.RoundTripper
}

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	switch caller := trace.SpanContextFromContext(r.Context()); {
	case !caller.IsValid():
		return t.next.RoundTrip(r)
	case !caller.IsSampled(): // nobody would see a span; the ids go on, for the logs
		unseen := *r
		unseen.Header = maps.Clone(r.Header)
		t.propagator.Inject(r.Context(), propagation.HeaderCarrier(unseen.Header))
		return t.next.RoundTrip(&unseen)
	}
	ctx, span := t.tracer.Start(r.Context(), r.Method, trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()
	r = r.Clone(ctx)
	t.propagator.Inject(ctx, propagation.HeaderCarrier(r.Header))
	resp, err := t.next.RoundTrip(r)
	if span.IsRecording() {
		span.SetAttributes(attribute.String("http.request.method", r.Method), attribute.String("server.address", r.URL.Host))
		if err != nil {
			span.SetStatus(codes.Error, err.Error())
		} else {
			span.SetAttributes(attribute.Int("http.response.status_code", resp.StatusCode))
		}
	}
	return resp, err
}
