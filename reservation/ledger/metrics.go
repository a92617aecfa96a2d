package ledger

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sunbeon/reservation/booking"
)

// Metrics are the ledger's figures in one process.
type Metrics struct {
	outcomes *prometheus.CounterVec
	batch    prometheus.Histogram
	commit   prometheus.Histogram
	invalid  *prometheus.GaugeVec
}

// NewMetrics registers the ledger's metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sunbeon_booking_total", Help: "Booking, change and cancel requests by what became of them.",
		}, []string{"kind", "outcome"}),
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "sunbeon_ledger_batch_size", Help: "Requests committed in one transaction.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 10),
		}),
		commit: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "sunbeon_ledger_commit_seconds", Help: "Time from holding the write lock to the durable commit.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5},
		}),
		invalid: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "sunbeon_invariant_violations", Help: "Rows that break an invariant of the ledger; must be 0.",
		}, []string{"invariant"}),
	}
	reg.MustRegister(m.outcomes, m.batch, m.commit, m.invalid)
	m.outcomes.WithLabelValues(kindName(booking.Book), string(booking.Done))
	m.Report(Audit{})
	return m
}

// Report publishes an audit.
func (m *Metrics) Report(a Audit) {
	for name, n := range a.Violations() {
		m.invalid.WithLabelValues(name).Set(float64(n))
	}
}

func (m *Metrics) observe(size int, took time.Duration) {
	if m != nil {
		m.batch.Observe(float64(size))
		m.commit.Observe(took.Seconds())
	}
}

func (m *Metrics) count(kind booking.Kind, code booking.Code) {
	if m != nil {
		m.outcomes.WithLabelValues(kindName(kind), string(code)).Inc()
	}
}

func kindName(k booking.Kind) string {
	switch k {
	case booking.Book:
		return "book"
	case booking.Change:
		return "change"
	default:
		return "cancel"
	}
}
