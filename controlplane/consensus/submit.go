package consensus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"

	"sunbeon/controlplane/plan"
)

const (
	// enqueueTimeout bounds the wait for a place in the log.
	enqueueTimeout = time.Second
	// submitTimeout bounds a submission whose context has no deadline.
	submitTimeout = 10 * time.Second
	// electionPatience is how long a command waits for a leader before its
	// author is asked to try again: most elections are over by then, and who
	// waits here learns of it sooner than who comes back.
	electionPatience = 2 * time.Second
	electionPoll     = 20 * time.Millisecond
)

// LeaderClient asks the leader, at its private URL, on behalf of a follower.
type LeaderClient interface {
	// Propose is [Node.Propose] on the leader, with the same outcomes.
	Propose(ctx context.Context, leaderURL string, c plan.Command) (plan.Result, error)
	// ReadIndex is [Node.ReadIndex] on the leader.
	ReadIndex(ctx context.Context, leaderURL string) (uint64, error)
	// Status is [Node.Status] of any member, or of one to be.
	Status(ctx context.Context, url string) (Status, error)
}

// Submit brings a command into the plan and returns the plan's answer once it
// is committed. On a follower it is forwarded to the leader, one hop only. A
// rejection is a Result; an error wraps [plan.ErrRetryable], when the command
// certainly did not enter the log, or [plan.ErrUnknown], when it may have.
func (n *Node) Submit(ctx context.Context, c plan.Command) (plan.Result, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, submitTimeout)
		defer cancel()
	}
	if c.TimeMS == 0 {
		c.TimeMS = n.config.Now().UnixMilli()
	}
	for until := n.config.Now().Add(electionPatience); ; {
		result, err := n.submit(ctx, c)
		if err == nil || !errors.Is(err, plan.ErrRetryable) || !n.config.Now().Before(until) {
			return result, err
		}
		select {
		case <-ctx.Done():
			return result, err
		case <-n.closed:
			return result, err
		case <-time.After(electionPoll):
		}
	}
}

// submit once: here, or at the leader.
func (n *Node) submit(ctx context.Context, c plan.Command) (plan.Result, error) {
	if n.raft.State() == raft.Leader {
		return n.Propose(ctx, c)
	}
	id, url := n.Leader()
	if url == "" || id == n.config.ID || n.config.Leader == nil {
		return plan.Result{}, fmt.Errorf("submit %s: no leader: %w", c.Kind, plan.ErrRetryable)
	}
	result, err := n.config.Leader.Propose(ctx, url, c)
	if err != nil {
		return plan.Result{}, fmt.Errorf("forward %s to %s: %w", c.Kind, id, err)
	}
	return result, nil
}

// Propose is Submit without forwarding: it is what a forwarded command meets,
// so that a command never travels more than one hop.
func (n *Node) Propose(ctx context.Context, c plan.Command) (plan.Result, error) {
	return n.enqueue(c)(ctx)
}

// enqueue gives the command to raft and returns how to wait for its answer.
func (n *Node) enqueue(c plan.Command) func(context.Context) (plan.Result, error) {
	decided := func(r plan.Result, err error) func(context.Context) (plan.Result, error) {
		return func(context.Context) (plan.Result, error) { return r, err }
	}
	now := n.config.Now().UnixMilli()
	if c.TimeMS == 0 {
		c.TimeMS = now
	}
	c.StampMS = now
	if refusal, refused := n.screen(c); refused {
		return decided(refusal, nil)
	}
	encoded, err := encodeEntry(c)
	if err != nil {
		return decided(plan.Result{}, fmt.Errorf("encode %s: %w: %w", c.Kind, plan.ErrRetryable, err))
	}
	future := n.raft.Apply(encoded, enqueueTimeout)
	return func(ctx context.Context) (plan.Result, error) { return n.settle(ctx, c.Kind, future) }
}

func (n *Node) settle(ctx context.Context, kind plan.Kind, future raft.ApplyFuture) (plan.Result, error) {
	if err := n.await(ctx, future); err != nil {
		return plan.Result{}, fmt.Errorf("append %s: %w: %w", kind, outcome(err), err)
	}
	switch answer := future.Response().(type) {
	case plan.Result:
		return answer, nil
	case error:
		return plan.Result{}, fmt.Errorf("apply %s: %w: %w", kind, plan.ErrUnknown, answer)
	default:
		return plan.Result{}, fmt.Errorf("apply %s: %w: answer of type %T", kind, plan.ErrUnknown, answer)
	}
}

// outcome of a command raft did not report as committed. Only these three
// errors are given before the command reaches the log.
func outcome(err error) error {
	if errors.Is(err, raft.ErrNotLeader) || errors.Is(err, raft.ErrEnqueueTimeout) ||
		errors.Is(err, raft.ErrLeadershipTransferInProgress) {
		return plan.ErrRetryable
	}
	return plan.ErrUnknown
}
