package consensus_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"sunbeon/controlplane/consensus"
	"sunbeon/controlplane/plan"
)

// founders is how many nodes a cluster begins with.
const founders = 3

// cluster is three nodes in one process and one bubble of virtual time, whose
// connections a test cuts and mends.
type cluster struct {
	t     *testing.T
	dir   string
	lead  func(node int) func(context.Context, uint64)
	nodes []*consensus.Node
	wires []*raft.InmemTransport

	mu sync.Mutex
	// lying nodes tell another plan than they hold.
	lying map[string]bool
	cut   map[[2]int]bool // from, to
}

func newCluster(t *testing.T, lead func(node int) func(context.Context, uint64)) *cluster {
	c := &cluster{t: t, dir: t.TempDir(), lead: lead, cut: map[[2]int]bool{}}
	c.nodes, c.wires = make([]*consensus.Node, founders), make([]*raft.InmemTransport, founders)
	for i := range c.nodes {
		c.start(i)
	}
	return c
}

func address(i int) string { return fmt.Sprintf("node-%d", i) }

func (c *cluster) start(i int) {
	c.t.Helper()
	node, err := c.open(i)
	if err != nil {
		c.t.Fatal(err)
	}
	c.mu.Lock()
	c.nodes[i] = node
	c.mu.Unlock()
	c.rewire()
}

func (c *cluster) open(i int) (*consensus.Node, error) {
	_, c.wires[i] = raft.NewInmemTransportWithTimeout(raft.ServerAddress(address(i)), time.Second)
	var peers []consensus.Peer
	for j := range founders {
		peers = append(peers, consensus.Peer{ID: address(j), Address: address(j), PrivateURL: address(j)})
	}
	config := consensus.Config{
		ID: address(i), Dir: filepath.Join(c.dir, address(i)), Transport: c.wires[i],
		Peers: peers, Bootstrap: i < founders, Leader: direct{c, i}, Logger: slog.New(slog.DiscardHandler),
	}
	if c.lead != nil {
		config.Lead = c.lead(i)
	}
	return consensus.Open(config)
}

// join starts one more node, on an empty directory and in no configuration.
func (c *cluster) join() int {
	c.t.Helper()
	c.mu.Lock()
	c.nodes, c.wires = append(c.nodes, nil), append(c.wires, nil)
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

func (d direct) Status(_ context.Context, url string) (consensus.Status, error) {
	n, err := d.leader(strings.TrimPrefix(url, "https://"))
	if err != nil {
		return consensus.Status{}, err
	}
	status := n.Status()
	d.cluster.mu.Lock()
	defer d.cluster.mu.Unlock()
	if d.cluster.lying[n.ID()] {
		status.Marks = slices.Clone(status.Marks)
		for i := range status.Marks {
			status.Marks[i].Hash = "of another plan"
		}
	}
	return status, nil
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
