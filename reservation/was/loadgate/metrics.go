package loadgate

import "github.com/prometheus/client_golang/prometheus"

// Metrics of all gates of a process.
type Metrics struct {
	inside *prometheus.GaugeVec
	limits *prometheus.GaugeVec
	held   *prometheus.CounterVec
}

// NewMetrics registers the gates' metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		inside: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "sunbeon_was_resource_inflight", Help: "Requests that occupy a resource, by resource.",
		}, []string{"resource"}),
		limits: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "sunbeon_was_resource_limit", Help: "Requests let through to a resource at once, as adapted.",
		}, []string{"resource"}),
		held: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sunbeon_was_held_total", Help: "Requests told to hold on, by what was at its limit.",
		}, []string{"reason"}),
	}
	reg.MustRegister(m.inside, m.limits, m.held)
	return m
}

// Hold counts a request held for a reason that no gate stands before.
func (m *Metrics) Hold(reason string) { m.hold(reason) }

func (m *Metrics) declare(resource string) {
	if m != nil {
		m.inside.WithLabelValues(resource)
		m.held.WithLabelValues(resource)
	}
}

func (m *Metrics) enter(resource string) {
	if m != nil {
		m.inside.WithLabelValues(resource).Inc()
	}
}

func (m *Metrics) limit(resource string, n int) {
	if m != nil {
		m.limits.WithLabelValues(resource).Set(float64(n))
	}
}

func (m *Metrics) leave(resource string) {
	if m != nil {
		m.inside.WithLabelValues(resource).Dec()
	}
}

func (m *Metrics) hold(reason string) {
	if m != nil {
		m.held.WithLabelValues(reason).Inc()
	}
}
