package consensus_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"sunbeon/controlplane/consensus"
	"sunbeon/controlplane/plan"
)

// founders is how many nodes a cluster begins with.
const founders = 3

// cluster is some nodes in one process and one bubble of virtual time.
type cluster struct {
	t    *testing.T
	dir  string
	lead func(node int) func(context.Context, uint64)
	net  *network

	mu    sync.Mutex
	nodes []*consensus.Node // nil: not running
	wires []wire
	// lying nodes tell another plan than they hold, newer ones a higher version
	// than this program knows.
	lying, newer map[string]bool
}

func newCluster(t *testing.T, lead func(node int) func(context.Context, uint64)) *cluster {
	c := &cluster{t: t, dir: ramDir(t), lead: lead, net: newNetwork()}
	c.nodes, c.wires = make([]*consensus.Node, founders), make([]wire, founders)
	for i := range c.nodes {
		c.start(i)
	}
	return c
}

// ramDir is a directory in memory where the machine has one: hundreds of
// histories would otherwise wait for the disk.
func ramDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "consensus")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func address(i int) string { return fmt.Sprintf("node-%d", i) }

func (c *cluster) start(i int) {
	c.t.Helper()
	c.net.set(address(i), false)
	node, err := c.open(i)
	if err != nil {
		c.t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes[i] = node
}

func (c *cluster) open(i int) (*consensus.Node, error) {
	w := c.wired(i)
	var peers []consensus.Peer
	for j := range founders {
		peers = append(peers, consensus.Peer{ID: address(j), Address: address(j), PrivateURL: address(j)})
	}
	config := consensus.Config{
		ID: address(i), Dir: filepath.Join(c.dir, address(i)), Transport: w,
		Peers: peers, Bootstrap: i < founders, Leader: direct{c, i}, Logger: slog.New(slog.DiscardHandler),
	}
	if c.lead != nil {
		config.Lead = c.lead(i)
	}
	return consensus.Open(config)
}

// wired connects a new life of a node with all others.
func (c *cluster) wired(i int) wire {
	c.mu.Lock()
	defer c.mu.Unlock()
	name, inner := raft.NewInmemTransportWithTimeout(raft.ServerAddress(address(i)), unanswered)
	c.wires[i] = wire{inner, c.net}
	for j, other := range c.wires {
		if j != i && other.InmemTransport != nil {
			other.Disconnect(name) // what was on its way to the earlier life ends
			other.Connect(name, inner)
			inner.Connect(other.LocalAddr(), other.InmemTransport)
		}
	}
	return c.wires[i]
}

// join starts one more node, on an empty directory and in no configuration.
func (c *cluster) join() int {
	c.t.Helper()
	c.mu.Lock()
	c.nodes, c.wires = append(c.nodes, nil), append(c.wires, wire{})
	i := len(c.nodes) - 1
	c.mu.Unlock()
	c.start(i)
	return i
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
	c.net.set(address(i), true)
}

// crash ends a node that nobody hears from any more: no goodbye leaves it, and
// what is on its disk stays.
func (c *cluster) crash(i int) {
	c.t.Helper()
	c.net.set(address(i), true)
	c.stop(i)
}

func (c *cluster) close() {
	for i, n := range c.nodes {
		if n != nil {
			c.stop(i)
		}
	}
	time.Sleep(abandoned)
}

// abandoned is longer than raft waits, in a goroutine nobody waits for, for a
// stopped node to take a message.
const abandoned = 11 * time.Second

// isolate cuts a node off in both directions; mend undoes all cuts.
func (c *cluster) isolate(i int) {
	for j := range c.size() {
		if j != i {
			c.net.block(address(i), address(j))
			c.net.block(address(j), address(i))
		}
	}
}

func (c *cluster) mend() { c.net.mend() }

// size counts the nodes that run or ever did.
func (c *cluster) size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.nodes)
}

func (c *cluster) running(i int) *consensus.Node {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nodes[i]
}

func (c *cluster) named(name string) *consensus.Node {
	for i := range c.size() {
		if address(i) == name {
			return c.running(i)
		}
	}
	return nil
}

// statusOf a node, or what it tells where it lies.
func (c *cluster) statusOf(n *consensus.Node) consensus.Status {
	status := n.Status()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.newer[n.ID()] {
		status.Version++
	}
	if c.lying[n.ID()] {
		status.Marks = slices.Clone(status.Marks)
		for i := range status.Marks {
			status.Marks[i].Hash = "of another plan"
		}
	}
	return status
}

// leader waits for one of the nodes, all that run if none is named, to lead and
// pass its barrier.
func (c *cluster) leader(among ...int) int {
	c.t.Helper()
	for range 200 {
		candidates := among
		if candidates == nil {
			candidates = c.up()
		}
		for _, i := range candidates {
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
