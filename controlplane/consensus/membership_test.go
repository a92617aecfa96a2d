package consensus_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"sunbeon/controlplane/consensus"
	"sunbeon/controlplane/plan"
)

// order gives a person's command to any node that takes it.
func (c *cluster) order(kind plan.Kind, body any) {
	c.t.Helper()
	command, err := plan.NewCommand(kind, body)
	if err != nil {
		c.t.Fatal(err)
	}
	command.Actor, command.Reason = "kim", "test"
	result, err := c.nodes[c.leader(c.up()...)].Submit(c.t.Context(), command)
	if err != nil || !result.OK {
		c.t.Fatalf("%s: %+v, %v", kind, result, err)
	}
}

func (c *cluster) up() (up []int) {
	for i, n := range c.nodes {
		if n != nil {
			up = append(up, i)
		}
	}
	return up
}

func (c *cluster) member(i int) (m consensus.Member, known bool) {
	for _, m := range c.nodes[c.leader(c.up()...)].Members() {
		if m.ID == address(i) {
			return m, true
		}
	}
	return m, false
}

func (c *cluster) wanted(i int) plan.AddMember {
	return plan.AddMember{ID: address(i), Address: address(i), PrivateURL: "https://" + address(i)}
}

// eventually waits in virtual time.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 600 {
		if holds() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("after a minute: not %s", what)
}

func TestDeadNodeIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, nil)
		defer c.close()
		for ms := range int64(300) {
			c.must(c.leader(), ms)
		}
		dead := (c.leader() + 1) % 3
		c.stop(dead)
		c.order(plan.MemberRemove, plan.RemoveMember{ID: address(dead)})
		time.Sleep(5 * time.Second)
		if _, still := c.member(dead); !still {
			t.Error("two voters were left: one more loss would have stopped the cluster")
		}
		// A member that is wanted and does not run gets no vote.
		c.order(plan.MemberAdd, c.wanted(3))
		time.Sleep(5 * time.Second)
		if m, known := c.member(3); !known || m.Voter {
			t.Errorf("a node nobody started: %+v, known %v", m, known)
		}
		fourth := c.join()
		eventually(t, "a vote for the new node", func() bool { m, _ := c.member(fourth); return m.Voter })
		eventually(t, "the dead node gone", func() bool { _, still := c.member(dead); return !still })

		// The new node counts: the cluster survives the loss of another.
		lost := c.leader(c.up()...)
		if lost == fourth {
			lost = (dead + 1) % 3
		}
		c.stop(lost)
		c.must(c.leader(c.up()...), 1234)
		c.agree()
	})
}

func TestLeaderThatIsRemovedHandsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, nil)
		defer c.close()
		leader := c.leader()
		c.order(plan.MemberAdd, c.wanted(3))
		fourth := c.join()
		eventually(t, "a vote for the new node", func() bool { m, _ := c.member(fourth); return m.Voter })
		c.order(plan.MemberRemove, plan.RemoveMember{ID: address(leader)})
		eventually(t, "another leader", func() bool {
			for _, i := range c.up() {
				if _, err := c.nodes[i].Read(t.Context(), consensus.AtLeader); err == nil && i != leader {
					_, still := c.member(leader)
					return !still
				}
			}
			return false
		})
	})
}

func TestLeaderThatStopsHandsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, nil)
		defer c.close()
		leader := c.leader()
		c.must(leader, 1)
		began := time.Now()
		c.stop(leader)
		c.leader(c.up()...)
		if took := time.Since(began); took > 450*time.Millisecond {
			t.Errorf("%v without a leader: nobody need have waited for an election", took)
		}
	})
}

// The procedure of the README: one node is left of three for good.
func TestLostQuorumIsRecovered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, nil)
		defer c.close()
		for ms := range int64(100) {
			c.must(c.leader(), ms)
		}
		time.Sleep(time.Second)
		for i := range founders {
			c.stop(i)
		}
		for i := 1; i < founders; i++ {
			if err := os.RemoveAll(filepath.Join(c.dir, address(i))); err != nil {
				t.Fatal(err)
			}
		}
		peers, err := json.Marshal([]map[string]any{{"id": address(0), "address": address(0), "non_voter": false}})
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(c.dir, address(0), "peers.json")
		if err := os.WriteFile(file, peers, 0o600); err != nil {
			t.Fatal(err)
		}
		c.start(0)
		p, _ := c.nodes[c.leader(0)].Plan()
		if p.Admission.TauMS != 99 {
			t.Errorf("after the recovery the plan holds %d, want 99", p.Admission.TauMS)
		}
		if _, err := os.Stat(file); err == nil {
			t.Error("the file would be obeyed again")
		}
		c.must(0, 100)
		for i := founders; i < founders+2; i++ {
			c.order(plan.MemberAdd, c.wanted(i))
			c.join()
			eventually(t, "a vote for a new node", func() bool { m, _ := c.member(i); return m.Voter })
		}
		c.stop(0) // two of three carry on
		c.must(c.leader(c.up()...), 101)
		c.agree()
	})
}

func TestDamagedRecoveryFileStopsTheNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, nil)
		defer c.close()
		c.leader()
		c.stop(0)
		file := filepath.Join(c.dir, address(0), "peers.json")
		if err := os.WriteFile(file, []byte(`[{"id":`), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := c.open(0); err == nil {
			t.Error("the node starts over a recovery file it cannot read")
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		c.start(0)
	})
}

// A founder whose directory was emptied has forgotten whom it voted for. One that
// only starts later than the others was never heard of.
func TestAFounderWithoutItsDirectoryIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, nil)
		defer c.close()
		c.leader()
		c.order(plan.InstanceRegister, plan.RegisterInstance{ID: address(1), Kind: plan.KindControlPlane, State: plan.Ready})
		c.agree()
		for _, i := range []int{1, 2} {
			c.stop(i)
			if err := os.RemoveAll(filepath.Join(c.dir, address(i))); err != nil {
				t.Fatal(err)
			}
			c.net.set(address(i), false)
			node, err := c.open(i)
			if i == 1 && !errors.Is(err, consensus.ErrForgotten) || i == 2 && err != nil {
				t.Errorf("node %d: %v", i, err)
			}
			if err == nil {
				c.nodes[i] = node
			}
		}
	})
}

func TestDivergenceIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, nil)
		defer c.close()
		for ms := range int64(300) {
			c.must(c.leader(), ms)
		}
		time.Sleep(30 * time.Second)
		leader := c.nodes[c.leader()]
		if n := leader.Diverged(); n != 0 {
			t.Errorf("%d of three equal plans diverge", n)
		}
		c.mu.Lock()
		c.lying = map[string]bool{address((c.leader() + 1) % 3): true}
		c.mu.Unlock()
		eventually(t, "divergence found", func() bool { return leader.Diverged() == 1 })
	})
}
