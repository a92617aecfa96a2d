package was

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	inflight prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer, sessions func() float64) *metrics {
	m := &metrics{inflight: prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "sunbeon_was_inflight", Help: "Requests under way.",
	})}
	reg.MustRegister(m.inflight, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "sunbeon_was_sessions_active", Help: "People with a pass seen by this process in the last minute who have not booked.",
	}, sessions))
	return m
}
