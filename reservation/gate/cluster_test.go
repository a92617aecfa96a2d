package gate_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/plan"
)

// cluster is a control plane in one variable: the real plan and its real
// rules, without Raft. It leads itself.
type cluster struct {
	t  testing.TB
	mu sync.Mutex

	plan     *plan.Plan
	changed  chan struct{} // closed at each change
	down     atomic.Bool
	ahead    atomic.Int64 // of the leader's clock, in nanoseconds
	commands []plan.Kind
}

func newCluster(t testing.TB) *cluster {
	return &cluster{t: t, plan: plan.New(), changed: make(chan struct{})}
}

func (c *cluster) Watch(ctx context.Context, deliver func(client.View)) error {
	for {
		c.mu.Lock()
		p, changed := c.plan, c.changed
		c.mu.Unlock()
		if !c.down.Load() {
			deliver(client.View{Plan: p, Index: p.Index})
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (c *cluster) Submit(_ context.Context, command plan.Command) (plan.Result, error) {
	if c.down.Load() {
		return plan.Result{}, client.ErrRetryable
	}
	return c.apply(command), nil
}

func (c *cluster) apply(command plan.Command) plan.Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	command.StampMS = time.Now().Add(time.Duration(c.ahead.Load())).UnixMilli()
	if command.TimeMS == 0 {
		command.TimeMS = command.StampMS
	}
	next, result, err := plan.Apply(c.plan, c.plan.Index+1, command)
	if err != nil {
		c.t.Error(err)
		return plan.Result{}
	}
	if result.OK {
		c.commands = append(c.commands, command.Kind)
	}
	c.plan = next
	close(c.changed)
	c.changed = make(chan struct{})
	return result
}

// do applies a command that must be accepted, given by the leader or by the
// named person.
func (c *cluster) do(kind plan.Kind, body any, person ...string) {
	c.t.Helper()
	command, err := plan.NewCommand(kind, body)
	if err != nil {
		c.t.Fatal(err)
	}
	command.Actor, command.Reason, command.Term = "test", "test", 1
	for _, name := range person {
		command.Actor, command.Term = name, 0
	}
	if result := c.apply(command); !result.OK {
		c.t.Fatalf("%s: %s: %s", kind, result.Code, result.Detail)
	}
}

// try gives a leader's command and reports whether it was accepted.
func (c *cluster) try(kind plan.Kind, body any) bool {
	command, err := plan.NewCommand(kind, body)
	if err != nil {
		c.t.Fatal(err)
	}
	command.Actor, command.Term = "test", 1
	return c.apply(command).OK
}

func (c *cluster) current() *plan.Plan {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.plan
}
