package actuator

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sunbeon/controlplane/plan"
)

// Scaler runs replicas. Scale makes the wanted number the goal and returns
// without waiting for it to be reached; the same number again changes nothing.
// An error leaves the follower to ask again.
type Scaler interface {
	Scale(ctx context.Context, replicas int) error
}

// anew is how long the only word heard may be older than the last one obeyed
// before it is taken for the word of a control plane that was restored or made
// anew. Nodes that merely lag catch up or are left long before.
const anew = 30 * time.Second

// Order is a number of replicas and the authority behind it: the Raft term in
// which it was last decided and the index of the plan it was read from.
type Order struct {
	Replicas    int
	Term, Index uint64
}

// olderThan reports whether o was superseded when p was given.
func (o Order) olderThan(p Order) bool { return o.Term < p.Term || o.Index < p.Index }

// Config makes a follower.
type Config struct {
	Scaler   Scaler
	Registry prometheus.Registerer
	Logger   *slog.Logger
	Now      func() time.Time
}

// Follower gives the plan's orders to a scaler. It is safe for concurrent use.
type Follower struct {
	scaler Scaler
	logger *slog.Logger
	now    func() time.Time
	stale  prometheus.Counter

	mu       sync.Mutex
	last     Order
	heard    bool
	oldSince time.Time // since when only older words were heard
	trouble  string    // the last error of the scaler, told once
}

// NewFollower has heard nothing yet and orders nothing.
func NewFollower(cfg Config) *Follower {
	f := &Follower{
		scaler: cfg.Scaler,
		logger: cfg.Logger,
		now:    cfg.Now,
		stale: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sunbeon_actuator_stale_orders_total", Help: "Orders not obeyed because a newer one was known.",
		}),
	}
	cfg.Registry.MustRegister(f.stale, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "sunbeon_actuator_replicas_ordered", Help: "Replicas last ordered.",
	}, func() float64 {
		order, _ := f.Last()
		return float64(order.Replicas)
	}))
	return f
}

// Last is the order obeyed last; ok is false before the first.
func (f *Follower) Last() (order Order, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last, f.heard
}

// Follow obeys a plan unless a newer one was obeyed before. The number is
// worked out anew each time, because an override ends by the clock and not by
// a change of the plan.
func (f *Follower) Follow(ctx context.Context, p *plan.Plan) {
	now := f.now()
	order := Order{Replicas: p.ReplicasAt(now.UnixMilli()), Term: p.Replicas.Term, Index: p.Index}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.heard && order.olderThan(f.last) && f.holdsOn(order, now) {
		return
	}
	f.oldSince = time.Time{}
	if !f.heard || order.Replicas != f.last.Replicas {
		f.logger.Info("replicas ordered", "replicas", order.Replicas, "before", f.last.Replicas,
			"term", order.Term, "index", order.Index)
	}
	f.last, f.heard = order, true
	trouble := ""
	if err := f.scaler.Scale(ctx, order.Replicas); err != nil {
		trouble = err.Error()
	}
	if trouble != f.trouble {
		f.trouble = trouble
		f.logger.Warn("scaler", "error", trouble)
	}
}

// holdsOn refuses an older order, for as long as a newer one may still be heard.
// Callers hold mu.
func (f *Follower) holdsOn(old Order, now time.Time) bool {
	f.stale.Inc()
	attrs := []any{"replicas", old.Replicas, "term", old.Term, "index", old.Index,
		"known_term", f.last.Term, "known_index", f.last.Index}
	if f.oldSince.IsZero() {
		f.oldSince = now
		f.logger.Warn("older order not obeyed", attrs...)
	}
	if now.Sub(f.oldSince) < anew {
		return true
	}
	f.logger.Warn("control plane was made anew: starting over with its word", attrs...)
	return false
}
