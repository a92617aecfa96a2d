package telemetry

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/prometheus/promql"
)

// Limits on those who ask by HTTP. A node that leads has two seconds to keep
// its lead: a few dashboards must not be able to take them.
const (
	guestSeats   = 2
	seatWait     = 2 * time.Second
	guestSamples = 500_000
	guestTimeout = 3 * time.Second
)

// guests is the query engine of everybody but the node itself, with few seats
// and small portions.
type guests struct {
	engine *promql.Engine
	seats  chan struct{}
}

func newGuests(cfg Config) *guests {
	return &guests{
		engine: promql.NewEngine(promql.EngineOpts{
			Logger: cfg.Logger, MaxSamples: guestSamples, Timeout: guestTimeout,
			LookbackDelta: lookback, EnableAtModifier: true, EnableNegativeOffset: true,
			NoStepSubqueryIntervalFn: func(int64) int64 { return time.Second.Milliseconds() },
		}),
		seats: make(chan struct{}, guestSeats),
	}
}

// sit waits for a seat; whoever got one leaves it.
func (g *guests) sit(ctx context.Context) (leave func(), err error) {
	select {
	case g.seats <- struct{}{}:
		return func() { <-g.seats }, nil
	case <-ctx.Done():
		return nil, &apiError{"canceled", 499, ctx.Err()}
	case <-time.After(seatWait):
		return nil, &apiError{"timeout", http.StatusServiceUnavailable, errors.New("too many queries at once; ask again")}
	}
}
