// Package loadgate guards a process against more work than it can do.
//
// Between admission and load lie minutes of think time, so a booking server
// cannot wait for the control plane to slow things down: it turns the excess
// away itself, within a second. One [Gate] stands before each resource (this
// process's own CPU, the ledger, each upstream). It lets a limited number
// through at once, fewer while the resource takes longer than it does when it is
// well; the others wait in order of how far along they are, at most
// as long as the queue bound, and are then told to hold on. While a resource is
// stalled, nobody waits at all: those who come are turned away at once, and a
// storm of retries finds nothing to feed on.
package loadgate

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Rank says how far along a person is; the higher, the sooner they go on.
type Rank int

const (
	Entering  Rank = iota // checks whether they may book
	Searching             // looks for an institution
	Choosing              // looks at its slots
	Booking               // has chosen
	ranks
)

// Config of a gate.
type Config struct {
	Resource string        // named when people are held
	Limit    int           // let through at once, at most
	Least    int           // let through at once, however slow the resource is; 0 keeps to Limit
	Queue    int           // waiting at most
	Bound    time.Duration // longest wait
	Metrics  *Metrics      // nil counts nothing
}

// Gate lets Limit through at once. It is safe for concurrent use.
type Gate struct {
	cfg Config

	mu      sync.Mutex
	limit   limit
	inside  int
	waiting int
	queues  [ranks][]*waiter
	moved   time.Time // when the resource last showed that it moves
}

type waiter struct {
	rank  Rank
	admit chan struct{} // closed when let in or sent away
	state state
}

type state int

const (
	queued state = iota
	admitted
	gone
)

// Held says that someone was turned away and whose fault it was. Nothing was
// done for them.
type Held struct {
	Resource string
}

func (h *Held) Error() string { return fmt.Sprintf("hold on: %s is at its limit", h.Resource) }

// New returns an open gate.
func New(cfg Config) *Gate {
	if cfg.Least <= 0 {
		cfg.Least = cfg.Limit
	}
	g := &Gate{cfg: cfg, limit: newLimit(cfg.Least, cfg.Limit)}
	cfg.Metrics.declare(cfg.Resource)
	return g
}

// Enter waits for a place. The caller calls leave when done, once or more. The
// error is *Held or that of ctx.
func (g *Gate) Enter(ctx context.Context, rank Rank) (leave func(), err error) {
	w, err := g.join(rank)
	if err != nil {
		return nil, err
	}
	if w != nil {
		if err := g.wait(ctx, w); err != nil {
			return nil, err
		}
	}
	g.cfg.Metrics.enter(g.cfg.Resource)
	began := time.Now()
	return sync.OnceFunc(func() { g.leave(time.Since(began)) }), nil
}

// join takes a place at once and returns nil, or queues.
func (g *Gate) join(rank Rank) (*waiter, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if g.limit.allows(g.inside) {
		if g.inside == 0 {
			g.moved = now // it has not been asked for a while
		}
		g.inside++
		return nil, nil
	}
	if now.Sub(g.moved) > g.cfg.Bound || g.waiting >= g.cfg.Queue && !g.evict(rank) {
		return nil, g.hold()
	}
	w := &waiter{rank: rank, admit: make(chan struct{})}
	g.queues[rank] = append(g.queues[rank], w)
	g.waiting++
	return w, nil
}

// evict makes room in a full queue by sending away the last to come among
// those less far along.
func (g *Gate) evict(rank Rank) bool {
	for r := range rank {
		queue := g.queues[r]
		for i := len(queue) - 1; i >= 0; i-- {
			if w := queue[i]; w.state == queued {
				g.queues[r] = queue[:i]
				g.waiting--
				w.state = gone
				close(w.admit)
				return true
			}
		}
		g.queues[r] = nil
	}
	return false
}

func (g *Gate) wait(ctx context.Context, w *waiter) error {
	bound := time.NewTimer(g.cfg.Bound)
	defer bound.Stop()
	var ended error
	select {
	case <-w.admit:
	case <-bound.C:
	case <-ctx.Done():
		ended = context.Cause(ctx)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch w.state {
	case admitted: // perhaps in the same moment as the bound or ctx ended
		return nil
	case queued:
		w.state = gone
		g.waiting--
		g.trim(w.rank)
	}
	if ended != nil {
		return ended
	}
	return g.hold()
}

// trim drops those who left from the head of a queue, which nobody may come to
// for as long as people further along keep coming. All wait equally long, so
// those who gave up are at the head.
func (g *Gate) trim(rank Rank) {
	queue := g.queues[rank]
	for len(queue) > 0 && queue[0].state == gone {
		queue = queue[1:]
	}
	g.queues[rank] = queue
}

func (g *Gate) leave(took time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cfg.Metrics.leave(g.cfg.Resource)
	now := time.Now()
	if took <= g.cfg.Bound { // one who gave up on a stalled resource does not show that it moves
		g.moved = now
	}
	g.limit.done(took, g.inside, now)
	g.inside--
	for g.limit.allows(g.inside) && g.admitNext() {
	}
	g.cfg.Metrics.limit(g.cfg.Resource, int(g.limit.now))
}

// admitNext lets in who is furthest along, and came first among those.
func (g *Gate) admitNext() bool {
	for r := ranks - 1; r >= 0; r-- {
		for len(g.queues[r]) > 0 {
			w := g.queues[r][0]
			g.queues[r] = g.queues[r][1:]
			if w.state == queued {
				w.state = admitted
				g.waiting--
				g.inside++
				close(w.admit)
				return true
			}
		}
	}
	return false
}

func (g *Gate) hold() error {
	g.cfg.Metrics.hold(g.cfg.Resource)
	return &Held{Resource: g.cfg.Resource}
}
