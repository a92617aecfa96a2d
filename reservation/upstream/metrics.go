package upstream

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sunbeon/internal/observability"
)

// Metrics are shared by all clients of a process. Seconds are measured after
// the bulkhead: they speak of the system, not of our own queue.
type Metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	inFlight *prometheus.GaugeVec
	open     *prometheus.GaugeVec
	retries  *prometheus.CounterVec
}

// NewMetrics registers them; once per registry.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sunbeon_upstream_requests_total", Help: "Attempts to call an upstream system, by outcome.",
		}, []string{"system", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sunbeon_upstream_seconds", Help: "Time of an attempt, measured after the bulkhead.",
			Buckets: []float64{.005, .01, .025, .05, .1, .2, .4, .8, 1.6, 3.2},
		}, []string{"system"}),
		inFlight: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "sunbeon_upstream_inflight", Help: "Attempts under way.",
		}, []string{"system"}),
		open: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "sunbeon_breaker_open", Help: "1 while the breaker lets nothing or only probes through.",
		}, []string{"system"}),
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sunbeon_upstream_retries_total", Help: "Attempts after the first of a call.",
		}, []string{"system"}),
	}
	registry.MustRegister(m.requests, m.seconds, m.inFlight, m.open, m.retries)
	return m
}

// systemMetrics are the series of one system.
type systemMetrics struct {
	byOutcome      map[outcome]prometheus.Counter
	seconds        prometheus.Observer
	inFlight, open prometheus.Gauge
	retries        prometheus.Counter
}

func (m *Metrics) of(system string) systemMetrics {
	s := systemMetrics{
		byOutcome: map[outcome]prometheus.Counter{},
		seconds:   m.seconds.WithLabelValues(system),
		inFlight:  m.inFlight.WithLabelValues(system),
		open:      m.open.WithLabelValues(system),
		retries:   m.retries.WithLabelValues(system),
	}
	for _, o := range outcomes {
		s.byOutcome[o] = m.requests.WithLabelValues(system, string(o))
	}
	return s
}

// attempt counts one that was sent, as part of the trace in ctx.
func (s systemMetrics) attempt(ctx context.Context, o outcome, took time.Duration) {
	s.byOutcome[o].Inc()
	observability.Observe(ctx, s.seconds, took.Seconds())
}

// unsent counts a call that ended before anything was sent.
func (s systemMetrics) unsent(o outcome) { s.byOutcome[o].Inc() }
