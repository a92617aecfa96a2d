package bench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/plan"
)

// cluster is a control plane in one variable: the real plan and its rules
// without Raft, so that only the waiting room is measured.
type cluster struct {
	mu      sync.Mutex
	plan    *plan.Plan
	changed chan struct{} // closed at each change
}

func newCluster() *cluster { return &cluster{plan: plan.New(), changed: make(chan struct{})} }

// Watch implements [sunbeon/reservation/gate.ControlPlane].
func (c *cluster) Watch(ctx context.Context, deliver func(client.View)) error {
	for {
		p, changed := c.current()
		deliver(client.View{Plan: p, Index: p.Index})
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// Submit implements [sunbeon/reservation/gate.ControlPlane].
func (c *cluster) Submit(_ context.Context, command plan.Command) (plan.Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	command.StampMS = time.Now().UnixMilli()
	command.TimeMS = command.StampMS
	next, result, err := plan.Apply(c.plan, c.plan.Index+1, command)
	if err != nil {
		return plan.Result{}, err
	}
	c.plan = next
	close(c.changed)
	c.changed = make(chan struct{})
	return result, nil
}

func (c *cluster) current() (*plan.Plan, chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.plan, c.changed
}

// do gives a command as operator or leader.
func (c *cluster) do(kind plan.Kind, body any) error {
	command, err := plan.NewCommand(kind, body)
	if err != nil {
		return err
	}
	command.Actor, command.Term = "bench", 1
	result, err := c.Submit(context.Background(), command)
	if err == nil && !result.OK {
		err = fmt.Errorf("%s: %s: %s", kind, result.Code, result.Detail)
	}
	return err
}
