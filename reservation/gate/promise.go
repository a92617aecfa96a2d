package gate

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// promiseEvery is how often it is noted what people would be told.
	promiseEvery = 5 * time.Second
	// maxPromises bounds how many are waited for, per line.
	maxPromises = 512
)

// promisedAheadS are how far away, in seconds at the present rate, those turns
// are whose wait is noted.
var promisedAheadS = []int64{10, 60, 300, 1800}

// promise is a range of clock times that somebody would have been told.
type promise struct {
	turn, fromMS, toMS int64
}

// promises measures how honest the told waits are, without remembering who was
// told what: now and then it notes what a few turns would be told, and when
// they are called it observes how far outside the range that was.
type promises struct {
	errors *prometheus.HistogramVec
	open   map[string][]promise // by cohort
}

func newPromises(registry prometheus.Registerer) *promises {
	p := &promises{
		errors: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "sunbeon_line_wait_error_seconds",
			Help:    "How far outside the range of clock times told a turn was called; 0 within.",
			Buckets: []float64{0, 5, 15, 30, 60, 180, 600, 1800, 7200},
		}, []string{"cohort"}),
		open: map[string][]promise{},
	}
	registry.MustRegister(p.errors)
	return p
}

// keepPromises notes and settles until ctx ends.
func (g *Gate) keepPromises(ctx context.Context) error {
	ticker := time.NewTicker(promiseEvery / 5)
	defer ticker.Stop()
	noted := time.Time{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		note := g.config.Now().Sub(noted) >= promiseEvery
		if note {
			noted = g.config.Now()
		}
		for _, l := range g.lines() {
			now := g.nowMS()
			serving := l.room.Serving(now)
			g.promises.settle(l.cohort.ID, serving, now)
			if rate := l.room.RateMilli(now); note && rate > 0 {
				for _, aheadS := range promisedAheadS {
					turn := serving + max(1, aheadS*rate/1000)
					if wait := l.room.Estimate(turn, now); wait.Known && turn <= l.room.Counts(now).Tickets {
						g.promises.note(l.cohort.ID, promise{turn, wait.FromMS, wait.ToMS})
					}
				}
			}
		}
	}
}

func (p *promises) note(cohort string, made promise) {
	if len(p.open[cohort]) < maxPromises {
		p.open[cohort] = append(p.open[cohort], made)
	}
}

// settle observes the promises to those who have been called by nowMS. A line
// too short for any has its series as well: none told wrongly reads as 0.
func (p *promises) settle(cohort string, serving, nowMS int64) {
	observed := p.errors.WithLabelValues(cohort)
	var left []promise
	for _, made := range p.open[cohort] {
		if made.turn > serving {
			left = append(left, made)
			continue
		}
		off := max(0, made.fromMS-nowMS, nowMS-made.toMS)
		observed.Observe(float64(off) / 1000)
	}
	p.open[cohort] = left
}
