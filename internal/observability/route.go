package observability

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Route measures h as one route: a span within the caller's trace, and the
// request's duration by method and status. The route is the pattern, never the
// path, so that no identifier becomes a label.
func (o *Observability) Route(route string, h http.Handler) http.Handler {
	return &measured{o: o, route: route, next: h}
}

type measured struct {
	o     *Observability
	route string
	next  http.Handler
	// observers keeps the histogram of each method and status, so that a
	// request does not look its labels up.
	observers sync.Map
}

type outcome struct {
	method string
	status int
}

func (m *measured) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	ctx := m.o.propagator.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx, span := m.o.tracer.Start(ctx, m.route, trace.WithSpanKind(trace.SpanKindServer))
	recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
	defer func() {
		if span.IsRecording() {
			span.SetAttributes(attribute.String("http.request.method", r.Method),
				attribute.String("http.route", m.route), attribute.Int("http.response.status_code", recorder.status))
		}
		span.End()
		m.observer(outcome{method(r.Method), recorder.status}).Observe(time.Since(began).Seconds())
	}()
	m.next.ServeHTTP(recorder, r.WithContext(ctx))
}

func (m *measured) observer(key outcome) prometheus.Observer {
	if observer, ok := m.observers.Load(key); ok {
		return observer.(prometheus.Observer)
	}
	observer := m.o.durations.WithLabelValues(key.method, m.route, strconv.Itoa(key.status))
	m.observers.Store(key, observer)
	return observer
}

// method folds what a client can invent into one label, as OpenTelemetry asks.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "_OTHER"
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (s *statusRecorder) WriteHeader(status int) {
	if status >= 200 {
		s.status = status
	}
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (s *statusRecorder) Unwrap() http.ResponseWriter { return s.ResponseWriter }
