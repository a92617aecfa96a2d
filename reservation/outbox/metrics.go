package outbox

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sunbeon/reservation/booking"
)

// Metrics of all followers of a process.
type Metrics struct {
	waiting *prometheus.GaugeVec
	total   *prometheus.CounterVec
}

// NewMetrics registers the followers' metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		waiting: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "sunbeon_outbox_backlog_seconds", Help: "Age of the oldest event not delivered yet; 0 when there is none.",
		}, []string{"follower"}),
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sunbeon_outbox_deliveries_total", Help: "Attempts to deliver an event, by what became of them.",
		}, []string{"follower", "outcome"}),
	}
	reg.MustRegister(m.waiting, m.total)
	return m
}

// What becomes of a delivery.
const (
	delivered = "delivered"
	refused   = "refused"
	failed    = "failed"
)

var outcomes = []string{delivered, refused, failed}

func (m *Metrics) backlog(follower string, events []booking.Event, now time.Time) {
	if m == nil {
		return
	}
	age := 0.0
	if len(events) > 0 {
		age = max(0, now.Sub(time.UnixMilli(events[0].TimeMS)).Seconds())
	}
	m.waiting.WithLabelValues(follower).Set(age)
	for _, outcome := range outcomes { // a counter whose first value is 1 has not increased to any alert
		m.total.WithLabelValues(follower, outcome)
	}
}

func (m *Metrics) delivered(follower string, err error) {
	if m == nil {
		return
	}
	outcome := delivered
	switch {
	case errors.Is(err, ErrRefused):
		outcome = refused
	case err != nil:
		outcome = failed
	}
	m.total.WithLabelValues(follower, outcome).Inc()
}
