package consensus_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sunbeon/controlplane/consensus"
)

// A new leader holds in its log what the old one answered, and does not know yet
// that it was decided. Until it does, it neither works nor answers from its plan,
// although every other node takes it for the leader.
func TestANewLeaderFirstLearnsWhatWasDecided(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c *cluster
		var decided atomic.Bool
		c = newCluster(t, func(node int) func(context.Context, uint64) {
			return func(_ context.Context, term uint64) {
				if !decided.Load() {
					return
				}
				n := c.running(node)
				if n == nil {
					return // it is being stopped
				}
				if p, _ := n.Plan(); p.Admission.TauMS != 2 {
					t.Errorf("node %d works in term %d on a plan of before: %d", node, term, p.Admission.TauMS)
				}
			}
		})
		defer c.close()
		old := c.leader()
		c.must(old, 1)
		c.agree()
		c.must(old, 2)
		decided.Store(true)
		c.net.withhold()
		c.crash(old)
		for _, i := range c.up() {
			if p, _ := c.nodes[i].Plan(); p.Admission.TauMS != 1 {
				t.Fatalf("node %d has learned already that %d was decided", i, p.Admission.TauMS)
			}
		}

		elected := false
		for began := time.Now(); time.Since(began) < 5*time.Second; time.Sleep(10 * time.Millisecond) {
			for _, i := range c.up() {
				if id, _ := c.nodes[i].Leader(); id != "" && id != address(old) {
					elected = true
				}
				ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
				p, err := c.nodes[i].Read(ctx, consensus.Linearizable)
				cancel()
				if err == nil && p.Admission.TauMS != 2 {
					t.Fatalf("node %d answers %d, after 2 was acknowledged", i, p.Admission.TauMS)
				}
			}
		}
		if !elected {
			t.Fatal("nobody was elected")
		}
		c.mend()
		p, err := c.nodes[c.leader()].Read(t.Context(), consensus.Linearizable)
		if err != nil || p.Admission.TauMS != 2 {
			t.Errorf("once entries go through: %v, %v", p, err)
		}
	})
}
