package consensus_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"sunbeon/controlplane/consensus"
	"sunbeon/controlplane/plan"
)

// watcher follows the plan through all that happens to the nodes, from one to
// the other as they come and go, and checks what it is told: indexes only rise
// (order, uniqueness), and what it holds in the end is the plan (completeness,
// atomicity, resumption).
type watcher struct {
	c       *cluster
	plan    *plan.Plan
	moves   int
	changes int
}

// follow until over, a while with each node.
func (w *watcher) follow(r *rand.Rand, over time.Time) {
	for time.Now().Before(over) {
		n := w.c.running(r.IntN(w.c.size()))
		if n == nil {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		w.moves++
		w.stay(n, time.Duration(200+r.IntN(3000))*time.Millisecond)
	}
}

// stay with a node for a while, or until it is gone.
func (w *watcher) stay(n *consensus.Node, patience time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s := n.Subscribe(w.plan.Index)
	for {
		e, err := s.Next(ctx)
		switch {
		case errors.Is(err, consensus.ErrCompacted):
			if p, index := n.Plan(); index > w.plan.Index {
				w.plan = p
				s = n.Subscribe(index)
				continue
			}
			return
		case err != nil:
			return
		case e.Index <= w.plan.Index:
			w.c.t.Errorf("watch: index %d after %d", e.Index, w.plan.Index)
			return
		}
		next, err := w.plan.With(e.Index, e.Changes...)
		if err != nil {
			w.c.t.Errorf("watch: %v", err)
			return
		}
		w.plan = next
		w.changes++
	}
}

// check compares what the watcher holds with a node that has everything.
func (w *watcher) check() {
	w.c.t.Helper()
	now, _ := w.c.nodes[w.c.leader()].Plan()
	if diff := plan.Changes(w.plan, now); len(diff) != 0 {
		w.c.t.Errorf("after %d changes over %d nodes the watcher differs by %v", w.changes, w.moves, diff)
	}
	if w.changes < 20 || w.moves < 3 {
		w.c.t.Errorf("only %d changes over %d nodes were watched", w.changes, w.moves)
	}
}
