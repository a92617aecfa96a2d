package observability

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
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

// PlainRoute is Route for what is asked most and does least: a request that
// nobody traces is handed on as it is, so that log lines of h bear no trace id.
func (o *Observability) PlainRoute(route string, h http.Handler) http.Handler {
	return &measured{o: o, route: route, next: h, plain: true}
}

type measured struct {
	o     *Observability
	route string
	next  http.Handler
	plain bool
	// observers has the histogram of each method and status seen, so that a
	// request does not look its labels up. It is replaced, never changed.
	observers atomic.Pointer[[]observer]
	adding    sync.Mutex
}

type observer struct {
	method string
	status int
	prometheus.Observer
}

func (m *measured) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if m.unseen(r) {
		if m.plain {
			m.servePlain(w, r)
		} else {
			m.serveUnseen(w, r)
		}
		return
	}
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
		Observe(ctx, m.observer(method(r.Method), recorder.status), time.Since(began).Seconds())
	}()
	m.next.ServeHTTP(recorder, r.WithContext(ctx))
}

// unseen reports whether a request's span would go nowhere: its caller's trace
// is not sampled, or it would begin one and none is.
func (m *measured) unseen(r *http.Request) bool {
	if parent := r.Header["Traceparent"]; len(parent) > 0 {
		return strings.HasSuffix(parent[0], unsampled)
	}
	return !m.o.samples
}

// unsampled ends a traceparent whose flags are all clear.
const unsampled = "-00"

// serveUnseen serves a request whose span nobody would ever see: most of the
// cost of a poll would otherwise be its span. Its ids are made if somebody
// asks for them, as a log line does.
func (m *measured) serveUnseen(w http.ResponseWriter, r *http.Request) {
	served := &unseen{
		lazyTrace: lazyTrace{Context: r.Context(), o: m.o, header: r.Header},
		recorder:  statusRecorder{ResponseWriter: w, status: http.StatusOK},
		began:     time.Now(),
	}
	defer func() {
		m.observer(method(r.Method), served.recorder.status).Observe(time.Since(served.began).Seconds())
	}()
	m.next.ServeHTTP(&served.recorder, r.WithContext(&served.lazyTrace))
}

// servePlain serves one without even that.
func (m *measured) servePlain(w http.ResponseWriter, r *http.Request) {
	recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
	began := time.Now()
	defer func() { m.observer(method(r.Method), recorder.status).Observe(time.Since(began).Seconds()) }()
	m.next.ServeHTTP(recorder, r)
}

// unseen is what such a request needs, in one allocation.
type unseen struct {
	lazyTrace
	recorder statusRecorder
	began    time.Time
}

// lazyTrace is a context that begins a trace, or goes on with its caller's, when
// it is asked for a value that its parent does not have, which is how a span is
// looked for.
type lazyTrace struct {
	context.Context
	o      *Observability
	header http.Header
	begin  sync.Once
	traced context.Context
}

func (l *lazyTrace) Value(key any) any {
	if value := l.Context.Value(key); value != nil {
		return value
	}
	l.begin.Do(func() {
		l.traced = l.o.propagator.Extract(l.Context, propagation.HeaderCarrier(l.header))
		if !trace.SpanContextFromContext(l.traced).IsValid() {
			l.traced = trace.ContextWithSpanContext(l.traced, unseenIDs())
		}
	})
	return l.traced.Value(key)
}

// unseenIDs are those of a trace that is only for the logs.
func unseenIDs() trace.SpanContext {
	var id trace.SpanContextConfig
	binary.NativeEndian.PutUint64(id.TraceID[:8], rand.Uint64())
	binary.NativeEndian.PutUint64(id.TraceID[8:], rand.Uint64())
	binary.NativeEndian.PutUint64(id.SpanID[:], rand.Uint64())
	return trace.NewSpanContext(id)
}

func (m *measured) observer(method string, status int) prometheus.Observer {
	if known := m.observers.Load(); known != nil {
		for _, o := range *known {
			if o.status == status && o.method == method {
				return o.Observer
			}
		}
	}
	return m.addObserver(method, status)
}

func (m *measured) addObserver(method string, status int) prometheus.Observer {
	m.adding.Lock()
	defer m.adding.Unlock()
	var all []observer
	if known := m.observers.Load(); known != nil {
		all = slices.Clone(*known) // with one more at worst, if two came at once
	}
	added := observer{method, status, m.o.durations.WithLabelValues(method, m.route, strconv.Itoa(status))}
	all = append(all, added)
	m.observers.Store(&all)
	return added.Observer
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
