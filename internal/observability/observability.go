// Package observability gives every process the same three things: structured
// logs that carry trace ids, a metrics registry of its own, and trace context
// on each request in and out.
package observability

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Config names the process to its logs, metrics and traces.
type Config struct {
	// Process is the kind of process, such as "gate".
	Process string
	// Instance tells processes of a kind apart, such as "gate-1".
	Instance string
	// LogLevel is debug, info, warn or error; empty means info.
	LogLevel string
	// OTLPEndpoint is where spans are sent, such as http://127.0.0.1:4318;
	// empty sends none.
	OTLPEndpoint string
	// TraceShare is the share of new traces that are sampled, 0 to 1.
	TraceShare float64
	// LokiURL is where a copy of each log line is pushed, such as
	// http://127.0.0.1:3100/loki/api/v1/push; empty pushes none.
	LokiURL string
	// LogWriter receives JSON lines; nil means standard error.
	LogWriter io.Writer
}

// Observability is one process's logs, metrics and traces.
type Observability struct {
	Logger   *slog.Logger
	Registry *prometheus.Registry

	loki       *lokiSink
	tracers    *sdktrace.TracerProvider
	samples    bool // whether new traces may be sampled
	tracer     trace.Tracer
	propagator propagation.TextMapPropagator
	durations  *prometheus.HistogramVec
}

// New makes them. It fails on an unknown log level and on addresses that are
// none; that nobody answers there is no error, now or later.
func New(cfg Config) (*Observability, error) {
	var level slog.Level
	if cfg.LogLevel != "" {
		if err := level.UnmarshalText([]byte(cfg.LogLevel)); err != nil {
			return nil, fmt.Errorf("log level %q: use debug, info, warn or error", cfg.LogLevel)
		}
	}
	if cfg.LogWriter == nil {
		cfg.LogWriter = os.Stderr
	}
	if !(cfg.TraceShare >= 0 && cfg.TraceShare <= 1) {
		return nil, fmt.Errorf("trace share %g: want 0 to 1", cfg.TraceShare)
	}
	registry := prometheus.NewRegistry()
	tracers, err := newTracers(cfg)
	if err != nil {
		return nil, err
	}
	var sink *lokiSink
	if cfg.LokiURL != "" {
		if sink, err = newLokiSink(cfg.LokiURL, cfg.Process, cfg.Instance, registry); err != nil {
			return nil, err
		}
		cfg.LogWriter = io.MultiWriter(cfg.LogWriter, sink)
	}
	handler := slog.NewJSONHandler(cfg.LogWriter, &slog.HandlerOptions{Level: level})
	o := &Observability{
		Logger:     slog.New(traced{handler}).With("process", cfg.Process, "instance", cfg.Instance),
		Registry:   registry,
		loki:       sink,
		tracers:    tracers,
		samples:    cfg.OTLPEndpoint != "",
		propagator: propagation.TraceContext{},
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "http_server_request_duration_seconds",
			Help:    "Duration of HTTP server requests.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"http_request_method", "http_route", "http_response_status_code"}),
	}
	o.tracer = o.tracers.Tracer("sunbeon/" + cfg.Process)
	o.Registry.MustRegister(o.durations, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return o, nil
}

// goodbye bounds how long a process waits at its end for collectors.
const goodbye = 2 * time.Second

// Shutdown sends what has been gathered and not yet sent, for two seconds at
// most: a collector that does not answer must not hold up a restart.
func (o *Observability) Shutdown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, goodbye)
	defer cancel()
	var sending sync.WaitGroup
	if o.loki != nil {
		sending.Go(func() { o.loki.close(ctx) })
	}
	err := o.tracers.Shutdown(ctx)
	sending.Wait()
	return err
}

// traced adds the trace and span id found in the context to each log line.
type traced struct{ slog.Handler }

func (t traced) Handle(ctx context.Context, record slog.Record) error {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		record.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	return t.Handler.Handle(ctx, record)
}

func (t traced) WithAttrs(attrs []slog.Attr) slog.Handler { return traced{t.Handler.WithAttrs(attrs)} }
func (t traced) WithGroup(name string) slog.Handler       { return traced{t.Handler.WithGroup(name)} }
