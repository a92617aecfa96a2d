package consensus

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/hashicorp/raft"

	"sunbeon/controlplane/plan"
)

// Consistency is what a read promises.
type Consistency string

const (
	// Stale is this node's copy, as old as [Node.LeaderContact] says.
	Stale Consistency = "stale"
	// AtLeader is the copy of a node that believes it leads. A leader that was
	// just deposed may answer for up to its lease.
	AtLeader Consistency = "leader"
	// Linearizable holds everything whose answer was given before the read
	// began.
	Linearizable Consistency = "linearizable"
)

// Never is the age of a contact that has not happened.
const Never = time.Duration(math.MaxInt32) * time.Second

// LeaderContact is how long ago this node heard from the leader: 0 on the
// leader itself, [Never] before the first time.
func (n *Node) LeaderContact() time.Duration {
	if n.raft.State() == raft.Leader {
		return 0
	}
	last := n.raft.LastContact()
	if last.IsZero() {
		return Never
	}
	return time.Since(last)
}

// Read returns the plan with the promise asked for. An error wraps
// [plan.ErrRetryable].
func (n *Node) Read(ctx context.Context, c Consistency) (*plan.Plan, error) {
	switch c {
	case Stale:
	case AtLeader:
		if n.ready.Load() == 0 {
			return nil, fmt.Errorf("read at leader: this node does not lead: %w", plan.ErrRetryable)
		}
	case Linearizable:
		index, err := n.readIndex(ctx)
		if err != nil {
			return nil, fmt.Errorf("linearizable read: %w", err)
		}
		if err := n.state.feed.wait(ctx, index); err != nil {
			return nil, fmt.Errorf("linearizable read: wait for index %d: %w: %w", index, plan.ErrRetryable, err)
		}
	default:
		return nil, fmt.Errorf("unknown consistency %q", c)
	}
	p, _ := n.Plan()
	return p, nil
}

func (n *Node) readIndex(ctx context.Context) (uint64, error) {
	if n.raft.State() == raft.Leader {
		return n.ReadIndex(ctx)
	}
	_, url := n.Leader()
	if url == "" || n.config.Leader == nil {
		return 0, fmt.Errorf("no leader: %w", plan.ErrRetryable)
	}
	return n.config.Leader.ReadIndex(ctx, url)
}

// ReadIndex returns, on the leader, an index that covers every command
// answered before the call. Having passed the barrier of its term, the leader
// has applied all that earlier leaders answered, and it answers its own
// commands only once they are applied; the quorum then confirms that nobody
// else leads.
func (n *Node) ReadIndex(ctx context.Context) (uint64, error) {
	term := n.ready.Load()
	if term == 0 {
		return 0, fmt.Errorf("this node does not lead: %w", plan.ErrRetryable)
	}
	_, index := n.Plan()
	if err := n.await(ctx, n.raft.VerifyLeader()); err != nil {
		return 0, fmt.Errorf("verify leadership: %w: %w", plan.ErrRetryable, err)
	}
	if n.ready.Load() != term {
		return 0, fmt.Errorf("leadership was lost: %w", plan.ErrRetryable)
	}
	return index, nil
}

// wait blocks until the feed has reached index.
func (f *feed) wait(ctx context.Context, index uint64) error {
	for {
		f.mu.Lock()
		last, moved, closed := f.last, f.moved, f.closed
		f.mu.Unlock()
		switch {
		case last >= index:
			return nil
		case closed:
			return ErrClosed
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-moved:
		}
	}
}
