package consensus_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"sunbeon/controlplane/consensus"
	"sunbeon/controlplane/plan"
)

// follow takes events in until the node's plan at the time of the call is
// reached, checking that indexes rise.
func follow(t *testing.T, n *consensus.Node, s *consensus.Subscription, p *plan.Plan) *plan.Plan {
	t.Helper()
	_, goal := n.Plan()
	for s.Index() < goal {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		e, err := s.Next(ctx)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if e.Index <= p.Index {
			t.Fatalf("event %d after %d", e.Index, p.Index)
		}
		if p, err = p.With(e.Index, e.Changes...); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func TestWatchIsCompleteAndResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, nil)
		defer c.close()
		leader := c.leader()
		follower := (leader + 1) % 3
		p, index := c.nodes[leader].Plan()
		s := c.nodes[leader].Subscribe(index)
		for i := range int64(100) {
			c.must(follower, i)
		}
		p = follow(t, c.nodes[leader], s, p)

		// Another node continues where the first one left off.
		for i := range int64(100) {
			c.must(follower, 100+i)
		}
		time.Sleep(time.Second)
		p = follow(t, c.nodes[follower], c.nodes[follower].Subscribe(p.Index), p)
		now, _ := c.nodes[leader].Plan()
		if diff := plan.Changes(p, now); len(diff) != 0 || p.Admission.TauMS != 199 {
			t.Errorf("the follower differs by %v", diff)
		}
	})
}

func TestWatchFilters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, nil)
		defer c.close()
		n := c.nodes[c.leader()]
		s := n.Subscribe(0, plan.TopicHolds)
		c.must(0, 1)
		hold, err := plan.NewCommand(plan.HoldSet, plan.SetHold{Scope: plan.All})
		if err != nil {
			t.Fatal(err)
		}
		result, err := n.Submit(t.Context(), hold)
		if err != nil || !result.OK {
			t.Fatal(result, err)
		}
		e, err := s.Next(t.Context())
		if err != nil || e.Index != result.Index || len(e.Changes) != 1 || e.Changes[0].Topic != plan.TopicHolds {
			t.Errorf("got %+v, %v", e, err)
		}
		c.must(0, 2)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if e, err := s.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %+v, %v", e, err)
		}
		if _, index := n.Plan(); s.Index() != index {
			t.Errorf("a bookmark would say %d, the plan is at %d", s.Index(), index)
		}
	})
}

func TestSlowFollowerIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, nil)
		defer c.close()
		n := c.nodes[c.leader()]
		s := n.Subscribe(0)
		state := make([]byte, plan.MaxState)
		for i := range state {
			state[i] = '1'
		}
		term, _ := n.Term()
		for range 80 { // beyond the bytes a feed keeps
			keep, err := plan.NewCommand(plan.ControllerKeep, plan.KeepState{Controller: "admission", State: state})
			if err != nil {
				t.Fatal(err)
			}
			keep.Term = term
			if result, err := n.Submit(t.Context(), keep); err != nil || !result.OK {
				t.Fatal(result, err)
			}
		}
		if _, err := s.Next(t.Context()); !errors.Is(err, consensus.ErrCompacted) {
			t.Errorf("got %v", err)
		}
	})
}

func TestWatchEndsWithTheNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, nil)
		defer c.close()
		leader := c.leader()
		n := c.nodes[leader]
		_, index := n.Plan()
		ended := make(chan error, 1)
		go func() {
			_, err := n.Subscribe(index).Next(t.Context())
			ended <- err
		}()
		synctest.Wait()
		c.stop(leader)
		if err := <-ended; !errors.Is(err, consensus.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}
