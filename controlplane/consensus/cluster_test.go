package consensus_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"

	"sunbeon/controlplane/consensus"
	"sunbeon/controlplane/plan"
)

// cluster is three nodes in one process and one bubble of virtual time, whose
// connections a test cuts and mends.
type cluster struct {
	t     *testing.T
	dir   string
	lead  func(node int) func(context.Context, uint64)
	nodes [3]*consensus.Node
	wires [3]*raft.InmemTransport

	mu  sync.Mutex
	cut map[[2]int]bool // from, to
}

func newCluster(t *testing.T, lead func(node int) func(context.Context, uint64)) *cluster {
	c := &cluster{t: t, dir: t.TempDir(), lead: lead, cut: map[[2]int]bool{}}
	for i := range c.nodes {
		c.start(i)
	}
	return c
}

func address(i int) string { return fmt.Sprintf("node-%d", i) }

func (c *cluster) start(i int) {
	c.t.Helper()
	_, c.wires[i] = raft.NewInmemTransportWithTimeout(raft.ServerAddress(address(i)), time.Second)
	var peers []consensus.Peer
	for j := range c.nodes {
		peers = append(peers, consensus.Peer{ID: address(j), Address: address(j), PrivateURL: address(j)})
	}
	config := consensus.Config{
		ID: address(i), Dir: filepath.Join(c.dir, address(i)), Transport: c.wires[i],
		Peers: peers, Bootstrap: true, Leader: direct{c, i}, Logger: slog.New(slog.DiscardHandler),
	}
	if c.lead != nil {
		config.Lead = c.lead(i)
	}
	node, err := consensus.Open(config)
	if err != nil {
		c.t.Fatal(err)
	}
	c.mu.Lock()
	c.nodes[i] = node
	c.mu.Unlock()
	c.rewire()
}

func (c *cluster) stop(i int) {
	c.t.Helper()
	c.mu.Lock()
	node := c.nodes[i]
	c.nodes[i] = nil
	c.mu.Unlock()
	if err := node.Close(); err != nil {
		c.t.Errorf("close node %d: %v", i, err)
	}
	c.rewire()
}

func (c *cluster) close() {
	for i, n := range c.nodes {
		if n != nil {
			c.stop(i)
		}
	}
}

// isolate cuts a node off in both directions; mend undoes all cuts.
func (c *cluster) isolate(i int) {
	c.mu.Lock()
	for j := range c.nodes {
		if j != i {
			c.cut[[2]int{i, j}], c.cut[[2]int{j, i}] = true, true
		}
	}
	c.mu.Unlock()
	c.rewire()
}

func (c *cluster) mend() {
	c.mu.Lock()
	clear(c.cut)
	c.mu.Unlock()
	c.rewire()
}

func (c *cluster) rewire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	up := func(i int) bool { return c.nodes[i] != nil }
	for i, from := range c.wires {
		for j, to := range c.wires {
			if from == nil || to == nil || i == j {
				continue
			}
			if up(i) && up(j) && !c.cut[[2]int{i, j}] {
				from.Connect(to.LocalAddr(), to)
			} else {
				from.Disconnect(to.LocalAddr())
			}
		}
	}
}

// leader waits for one of the nodes to lead and pass its barrier.
func (c *cluster) leader(among ...int) int {
	c.t.Helper()
	if among == nil {
		among = []int{0, 1, 2}
	}
	for range 200 {
		for _, i := range among {
			if c.nodes[i] == nil {
				continue
			}
			if _, err := c.nodes[i].Read(c.t.Context(), consensus.AtLeader); err == nil {
				return i
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	c.t.Fatalf("no leader among %v in ten seconds", among)
	return -1
}

// direct is a LeaderClient without a network.
type direct struct {
	cluster *cluster
	from    int
}

func (d direct) leader(url string) (*consensus.Node, error) {
	d.cluster.mu.Lock()
	defer d.cluster.mu.Unlock()
	for i, n := range d.cluster.nodes {
		if address(i) == url && n != nil && !d.cluster.cut[[2]int{d.from, i}] {
			return n, nil
		}
	}
	return nil, fmt.Errorf("no way to %s: %w", url, plan.ErrRetryable)
}

func (d direct) Propose(ctx context.Context, url string, c plan.Command) (plan.Result, error) {
	n, err := d.leader(url)
	if err != nil {
		return plan.Result{}, err
	}
	return n.Propose(ctx, c)
}

func (d direct) ReadIndex(ctx context.Context, url string) (uint64, error) {
	n, err := d.leader(url)
	if err != nil {
		return 0, err
	}
	return n.ReadIndex(ctx)
}

func tau(t *testing.T, ms int64) plan.Command {
	t.Helper()
	c, err := plan.NewCommand(plan.AdmissionConfigure, plan.ConfigureAdmission{TauMS: &ms})
	if err != nil {
		t.Fatal(err)
	}
	c.Actor = "test"
	return c
}

func (c *cluster) submit(node int, ms int64) error {
	c.t.Helper()
	result, err := c.nodes[node].Submit(c.t.Context(), tau(c.t, ms))
	if err == nil && !result.OK {
		c.t.Fatalf("refused: %+v", result)
	}
	return err
}

func (c *cluster) must(node int, ms int64) {
	c.t.Helper()
	if err := c.submit(node, ms); err != nil {
		c.t.Fatal(err)
	}
}

// agree waits until all running nodes are at the same index and compares them.
func (c *cluster) agree() {
	c.t.Helper()
	time.Sleep(5 * time.Second)
	hashes := map[string][]int{}
	for i, n := range c.nodes {
		if n != nil {
			p, _ := n.Plan()
			hashes[p.Hash()] = append(hashes[p.Hash()], i)
		}
	}
	if len(hashes) != 1 {
		c.t.Errorf("plans differ: %v", hashes)
	}
}

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
		var c *cluster
		c = newCluster(t, func(node int) func(context.Context, uint64) {
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
