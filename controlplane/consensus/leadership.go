package consensus

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// barrierTimeout bounds the wait for a place in the log, not for its commit.
const barrierTimeout = 5 * time.Second

// watchLeadership drains raft's notices, and nothing else: raft stands still
// while one is not taken. Each gain of leadership runs lead in a goroutine of
// its own, one after the other.
func (n *Node) watchLeadership(notices <-chan bool) {
	previous := make(chan struct{})
	close(previous)
	cancel := context.CancelFunc(func() {})
	defer func() { cancel() }()
	for {
		select {
		case <-n.closed:
			return
		case leading := <-notices:
			cancel()
			n.ready.Store(0)
			if !leading {
				continue
			}
			ctx, stop := context.WithCancel(context.Background())
			cancel = stop
			before, done := previous, make(chan struct{})
			previous = done
			n.duties.Go(func() {
				defer close(done)
				<-before
				n.lead(ctx)
			})
		}
	}
}

// lead does the work of one term. The barrier comes first: without it a new
// leader would act on a plan that lacks what earlier terms committed.
func (n *Node) lead(ctx context.Context) {
	term := n.raft.CurrentTerm()
	if !n.passBarrier(ctx) || n.raft.CurrentTerm() != term || n.raft.State() != raft.Leader {
		return
	}
	n.ready.Store(term)
	defer n.ready.CompareAndSwap(term, 0)
	if ctx.Err() != nil {
		return
	}
	n.logger.Info("leading", "term", term)
	var members sync.WaitGroup
	members.Go(func() { n.keepMembers(ctx) })
	if n.config.Lead != nil {
		n.config.Lead(ctx, term)
	}
	<-ctx.Done()
	members.Wait()
	n.diverged.Store(0)
	n.logger.Info("no longer leading", "term", term)
}

// barrierPause is the time between two barriers, of which raft refuses some at
// once: while it hands leadership over, as long as that takes.
const barrierPause = 10 * time.Millisecond

func (n *Node) passBarrier(ctx context.Context) bool {
	for ctx.Err() == nil {
		err := n.await(ctx, n.raft.Barrier(barrierTimeout))
		if err == nil {
			return true
		}
		n.logger.Warn("barrier of a new term", "error", err)
		if n.raft.State() != raft.Leader {
			return false
		}
		select {
		case <-ctx.Done():
		case <-time.After(barrierPause):
		}
	}
	return false
}

// await waits for a future no longer than ctx. Raft answers every future when
// leadership is lost or it shuts down, which ends the goroutine.
func (n *Node) await(ctx context.Context, f raft.Future) error {
	done := make(chan error, 1)
	go func() { done <- f.Error() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
