package consensus_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sunbeon/controlplane/consensus"
	"sunbeon/controlplane/plan"
)

func TestForwardingAndReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, nil)
		defer c.close()
		leader := c.leader()
		follower := (leader + 1) % 3
		for i := range int64(20) {
			c.must(follower, i)
			p, err := c.nodes[(leader+2)%3].Read(t.Context(), consensus.Linearizable)
			if err != nil {
				t.Fatal(err)
			}
			if p.Admission.TauMS != i {
				t.Fatalf("a linearizable read after writing %d got %d", i, p.Admission.TauMS)
			}
		}
		if age := c.nodes[follower].LeaderContact(); age > time.Second {
			t.Errorf("follower heard from its leader %v ago", age)
		}
		if _, err := c.nodes[follower].Read(t.Context(), consensus.AtLeader); !errors.Is(err, plan.ErrRetryable) {
			t.Errorf("a follower answers as leader: %v", err)
		}
		c.agree()
	})
}

func TestRestartKeepsThePlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, nil)
		defer c.close()
		for i := range int64(50) {
			c.must(c.leader(), i)
		}
		for i := range c.nodes {
			c.stop(i)
		}
		for i := range c.nodes {
			c.start(i)
		}
		p, _ := c.nodes[c.leader()].Plan()
		if p.Admission.TauMS != 49 {
			t.Errorf("after a restart the plan holds %d", p.Admission.TauMS)
		}
		c.must(0, 50)
		c.agree()
	})
}

func TestLostLeaderIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, nil)
		defer c.close()
		old := c.leader()
		c.must(old, 1)
		c.isolate(old)
		began := time.Now()
		others := []int{(old + 1) % 3, (old + 2) % 3}
		successor := c.leader(others...)
		if took := time.Since(began); took > 2500*time.Millisecond {
			t.Errorf("a new leader took %v", took)
		}
		c.must(successor, 2)

		// The old leader must neither take a write nor answer a read.
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if result, err := c.nodes[old].Submit(ctx, tau(t, 3)); err == nil {
			t.Errorf("a leader without a quorum answered %+v", result)
		}
		if _, err := c.nodes[old].Read(ctx, consensus.Linearizable); err == nil {
			t.Error("a leader without a quorum answered a linearizable read")
		}
		time.Sleep(2 * time.Second)
		if age := c.nodes[old].LeaderContact(); age < time.Second {
			t.Errorf("an isolated node believes to have heard from a leader %v ago", age)
		}
		c.mend()
		c.agree()
		p, err := c.nodes[old].Read(t.Context(), consensus.Linearizable)
		if err != nil || p.Admission.TauMS != 2 {
			t.Errorf("after mending: %v, %v", p, err)
		}
	})
}

// A write in flight while its leader loses the quorum is unknown, and sending
// it again under its request id settles it: applied once.
func TestUnknownOutcomeIsSettledByAskingAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, nil)
		defer c.close()
		old := c.leader()
		command := tau(t, 7)
		command.RequestID, command.TimeMS = "once", time.Now().UnixMilli()
		c.isolate(old)
		_, err := c.nodes[old].Submit(t.Context(), command)
		if !errors.Is(err, plan.ErrUnknown) {
			t.Fatalf("got %v, want an unknown outcome", err)
		}
		successor := c.leader((old+1)%3, (old+2)%3)
		first, err := c.nodes[successor].Submit(t.Context(), command)
		if err != nil || !first.OK {
			t.Fatalf("%+v, %v", first, err)
		}
		c.mend()
		time.Sleep(2 * time.Second)
		again, err := c.nodes[old].Submit(t.Context(), command)
		if err != nil || again != first {
			t.Errorf("asked again: %+v, %v; first %+v", again, err, first)
		}
		c.agree()
	})
}

func TestLeaderWorkBelongsToOneTerm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		working := map[int]uint64{}
		var terms []uint64
		c := newCluster(t, func(node int) func(context.Context, uint64) {
			return func(ctx context.Context, term uint64) {
				mu.Lock()
				working[node] = term
				terms = append(terms, term)
				mu.Unlock()
				<-ctx.Done()
				mu.Lock()
				delete(working, node)
				mu.Unlock()
			}
		})
		defer c.close()
		for range 3 {
			old := c.leader()
			time.Sleep(time.Second)
			c.isolate(old)
			c.leader((old+1)%3, (old+2)%3)
			time.Sleep(time.Second)
			mu.Lock()
			if _, still := working[old]; still || len(working) != 1 {
				t.Errorf("isolated %d, at work: %v", old, working)
			}
			mu.Unlock()
			c.mend()
			time.Sleep(5 * time.Second)
		}
		mu.Lock()
		defer mu.Unlock()
		for i := 1; i < len(terms); i++ {
			if terms[i] <= terms[i-1] {
				t.Errorf("terms at work: %v", terms)
			}
		}
	})
}

func TestFollowerCatchesUpFromSnapshot(t *testing.T) {
	if testing.Short() {
		t.Skip("writes more than the log keeps")
	}
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, nil)
		defer c.close()
		leader := c.leader()
		away := (leader + 1) % 3
		c.stop(away)
		const writers, each = 64, 450 // beyond the trailing log
		var group sync.WaitGroup
		for range writers {
			group.Go(func() {
				for i := range int64(each) {
					if err := c.submit(leader, i); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		group.Wait()
		time.Sleep(2 * time.Minute) // for a snapshot
		c.start(away)
		time.Sleep(10 * time.Second)
		c.agree()
		if _, err := c.nodes[away].Subscribe(1).Next(t.Context()); !errors.Is(err, consensus.ErrCompacted) {
			t.Errorf("a follower of before the snapshot got %v", err)
		}
	})
}
