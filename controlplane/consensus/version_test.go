package consensus_test

import (
	"testing"
	"testing/synctest"

	"sunbeon/controlplane/plan"
)

// A version that some member does not know would stop it, and the whole cluster
// with it where the leader does not know it either.
func TestVersionIsRaisedOnlyWhereEverybodyKnowsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, nil)
		defer c.close()
		raise := func(version int) plan.Result {
			t.Helper()
			command, err := plan.NewCommand(plan.ClusterVersion, plan.RaiseVersion{MinVersion: version})
			if err != nil {
				t.Fatal(err)
			}
			result, err := c.nodes[(c.leader()+1)%founders].Submit(t.Context(), command)
			if err != nil {
				t.Fatal(err)
			}
			return result
		}
		if r := raise(plan.Version); !r.OK {
			t.Errorf("a version all know: %+v", r)
		}
		if r := raise(plan.Version + 1); r.Code != plan.Gated {
			t.Errorf("a version nobody knows: %+v", r)
		}
		leader := c.leader()
		c.mu.Lock()
		c.newer = map[string]bool{address((leader + 1) % founders): true, address((leader + 2) % founders): true}
		c.mu.Unlock()
		if r := raise(plan.Version + 1); r.Code != plan.Gated {
			t.Errorf("a version the leader does not know: %+v", r)
		}
		c.must(c.leader(), 1)
		c.crash((leader + 2) % founders)
		if r := raise(plan.Version); r.Code != plan.Gated {
			t.Errorf("with a member that does not tell: %+v", r)
		}
		c.agree()
	})
}
