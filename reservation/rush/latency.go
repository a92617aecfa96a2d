package rush

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// longest is the longest latency told apart from longer ones.
const longest = 10 * time.Minute

// Latency is the distribution of one route's latencies, in milliseconds.
type Latency struct {
	P50   float64 `json:"p50"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
	Count int64   `json:"count"`
}

// latencies records how long each route took, from when a person meant to ask.
type latencies struct {
	mu     sync.Mutex
	routes map[string]*hdrhistogram.Histogram // in microseconds
}

func newLatencies() *latencies {
	return &latencies{routes: map[string]*hdrhistogram.Histogram{}}
}

func (l *latencies) record(route string, took time.Duration) {
	micros := min(max(took, time.Microsecond), longest).Microseconds()
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.routes[route]
	if h == nil {
		h = hdrhistogram.New(1, longest.Microseconds(), 3)
		l.routes[route] = h
	}
	// The value was clamped into the range, so there is nothing to fail.
	_ = h.RecordValue(micros)
}

func (l *latencies) summary() map[string]Latency {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make(map[string]Latency, len(l.routes))
	for route, h := range l.routes {
		ms := func(quantile float64) float64 { return float64(h.ValueAtQuantile(quantile)) / 1000 }
		out[route] = Latency{P50: ms(50), P95: ms(95), P99: ms(99), Max: float64(h.Max()) / 1000, Count: h.TotalCount()}
	}
	return out
}
