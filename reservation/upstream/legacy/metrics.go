package legacy

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the simulator's own view of its systems. Operators of a real
// upstream would not have them: nothing steers by these.
type metrics struct {
	served  *prometheus.CounterVec
	seconds *prometheus.HistogramVec
}

func newMetrics(registry prometheus.Registerer, stations map[string]*Station) *metrics {
	m := &metrics{
		served: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sunbeon_legacy_served_total",
			Help: "Requests by system and what became of them.",
		}, []string{"system", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "sunbeon_legacy_seconds",
			Help:    "Time in the system, waiting included.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"system"}),
	}
	registry.MustRegister(m.served, m.seconds)
	for system, station := range stations {
		labels := prometheus.Labels{"system": system}
		registry.MustRegister(
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{
				Name: "sunbeon_legacy_inflight", Help: "Requests waiting or in work.", ConstLabels: labels,
			}, func() float64 { return float64(station.InFlight()) }),
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{
				Name: "sunbeon_legacy_capacity", Help: "Requests a second the system could do now.", ConstLabels: labels,
			}, station.Capacity),
		)
	}
	return m
}

func (m *metrics) observe(system, outcome string, took time.Duration) {
	m.served.WithLabelValues(system, outcome).Inc()
	m.seconds.WithLabelValues(system).Observe(took.Seconds())
}
