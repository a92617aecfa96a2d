package gate

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics of one gate. What the rooms can tell at any time is read when it is
// scraped; only events are counted as they happen.
type metrics struct {
	tickets, claims *prometheus.CounterVec
	refused         *prometheus.CounterVec
	leaderAge       prometheus.Gauge
	fsync, group    prometheus.Histogram
}

func newMetrics(registry prometheus.Registerer, lines func() []*line, nowMS func() int64) *metrics {
	m := &metrics{
		tickets: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sunbeon_line_tickets_total", Help: "Places given out by this process.",
		}, []string{"cohort"}),
		claims: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sunbeon_line_claims_total", Help: "Passes issued by this process.",
		}, []string{"cohort"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sunbeon_gate_refused_total", Help: "Requests refused, by problem code.",
		}, []string{"reason"}),
		leaderAge: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "sunbeon_gate_leader_age_seconds", Help: "Age of the followed node's contact with its leader.",
		}),
		fsync: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "sunbeon_record_fsync_seconds", Help: "Time to write and sync a commit group.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1},
		}),
		group: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "sunbeon_record_group_size", Help: "Records in a commit group.",
			Buckets: []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000},
		}),
	}
	registry.MustRegister(m.tickets, m.claims, m.refused, m.leaderAge, m.fsync, m.group,
		&lineCollector{lines: lines, nowMS: nowMS})
	return m
}

func (m *metrics) committed(records int, took time.Duration) {
	m.group.Observe(float64(records))
	m.fsync.Observe(took.Seconds())
}

// lineCollector reads the rooms at each scrape.
type lineCollector struct {
	lines func() []*line
	nowMS func() int64
}

func lineDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, []string{"cohort"}, nil)
}

var (
	descIssued  = lineDesc("sunbeon_line_issued", "People who have a place.")
	descServing = lineDesc("sunbeon_line_serving", "Serving number: the highest turn called.")
	descWaiting = lineDesc("sunbeon_line_waiting", "People with a place who have not been called.")
	descCalled  = lineDesc("sunbeon_line_called", "People who have been called.")
	descClaimed = lineDesc("sunbeon_line_claimed", "People who have ever claimed their pass.")
	descBooked  = lineDesc("sunbeon_line_booked", "People whose pass was used for a booking.")
	descSession = lineDesc("sunbeon_line_sessions", "People holding a pass neither used nor run out.")
	descRate    = lineDesc("sunbeon_serving_rate", "Turns called per second under the segment in force.")
	descAge     = lineDesc("sunbeon_gate_segment_age_seconds", "Age of the serving segment in force.")
)

func (c *lineCollector) Describe(out chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{descIssued, descServing, descWaiting, descCalled, descClaimed, descBooked, descSession, descRate, descAge} {
		out <- desc
	}
}

func (c *lineCollector) Collect(out chan<- prometheus.Metric) {
	now := c.nowMS()
	for _, l := range c.lines() {
		counts := l.room.Counts(now)
		gauge := func(desc *prometheus.Desc, value float64) {
			out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, l.cohort.ID)
		}
		gauge(descIssued, float64(counts.Tickets))
		gauge(descServing, float64(counts.Serving))
		gauge(descWaiting, float64(max(0, counts.Tickets-counts.Called)))
		gauge(descCalled, float64(counts.Called))
		gauge(descClaimed, float64(counts.Claimed))
		gauge(descBooked, float64(counts.Booked))
		gauge(descSession, float64(counts.Sessions))
		gauge(descRate, float64(l.room.RateMilli(now))/1000)
		if segment, ok := l.room.Segment(); ok {
			gauge(descAge, float64(now-segment.T0)/1000)
		}
	}
}
