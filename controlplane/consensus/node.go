// Package consensus keeps the plan the same on all control-plane nodes:
// hashicorp/raft around package plan.
//
// A [Node] owns one member's log, snapshots and copy of the plan. Commands go
// in through [Node.Submit] on any node, which forwards at most one hop to the
// leader; what they changed comes out through [Node.Subscribe] in the order of
// the log, atomic per command. Work that only the leader does runs in
// [Config.Lead], in a context that ends with the term.
//
// Order of release matters: leader work ends before raft stops, raft stops
// before its transport and stores close, and the lock on the directory goes
// last, so that no second process ever meets half-closed files.
package consensus

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"sunbeon/controlplane/plan"
)

// Peer is a member of the cluster.
type Peer struct {
	ID string
	// Address is where its raft transport listens.
	Address string
	// PrivateURL is its private HTTP listener.
	PrivateURL string
}

// Config of a node.
type Config struct {
	ID string
	// Dir holds log and snapshots; it is made if absent.
	Dir string
	// Transport to the other members; see [ListenTLS]. The node closes it, whether it opens
	// or not.
	Transport raft.Transport
	// Peers are the members a new cluster starts with, this node included.
	Peers []Peer
	// Bootstrap starts a new cluster of Peers where Dir is empty. Every first
	// member may say so, and may go on saying so.
	Bootstrap bool
	// Leader asks the leader on behalf of a follower; see [HTTPLeader].
	Leader LeaderClient
	// Lead is the work of the leader in one term. It starts once the plan
	// holds everything earlier terms committed; when it returns early, the
	// node leads on without it. Its context ends when leadership does, and it
	// must then return: the next term's work waits for it.
	Lead func(ctx context.Context, term uint64)
	// Journal is told every command with its result; none if nil. The caller
	// closes it after the node.
	Journal Journal
	Logger  *slog.Logger
	// Now is the wall clock commands are stamped with; time.Now if nil.
	Now func() time.Time
}

// Journal is the audit of all commands: a chain whose links are the plan's.
type Journal interface {
	// Head is the last index and the chain after it.
	Head() (index uint64, chain [sha256.Size]byte)
	Append(index uint64, entry []byte) (chain [sha256.Size]byte)
	// Gap goes on from a chain whose earlier entries this node never saw.
	Gap(index uint64, chain [sha256.Size]byte)
	Sync() error
}

func (c *Config) validate() error {
	switch {
	case c.ID == "":
		return errors.New("node has no id")
	case c.Dir == "":
		return errors.New("node has no directory")
	case c.Transport == nil:
		return errors.New("node has no transport")
	case c.Bootstrap && len(c.Peers) == 0:
		return errors.New("bootstrap without peers")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return nil
}

// Timing of elections: a lost leader is replaced in about 1.2 s.
const (
	heartbeatTimeout = 500 * time.Millisecond
	electionTimeout  = 500 * time.Millisecond
	leaderLease      = 250 * time.Millisecond
)

// Node is one member of the cluster.
type Node struct {
	config Config
	logger *slog.Logger
	store  *store
	state  *state
	raft   *raft.Raft

	// ready is the term in which this node leads and has passed its barrier;
	// 0 while it does not lead.
	ready atomic.Uint64
	// diverged counts the members whose plan was last found to differ.
	diverged atomic.Int64
	closed   chan struct{}
	once     sync.Once
	duties   sync.WaitGroup // leadership and the work it started
}

// Open restores the node from its directory and joins in. Close releases it.
func Open(config Config) (_ *Node, err error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	n := &Node{
		config: config,
		logger: config.Logger.With("node", config.ID),
		state:  newState(config.Journal, config.Logger.With("node", config.ID)),
		closed: make(chan struct{}),
	}
	logs := hclogTo(n.logger)
	defer func() {
		if err != nil {
			err = errors.Join(err, n.release())
		}
	}()
	if n.store, err = openStore(config.Dir, logs); err != nil {
		return nil, err
	}

	notices := make(chan bool, 1)
	settings := raft.DefaultConfig()
	settings.LocalID = raft.ServerID(config.ID)
	settings.HeartbeatTimeout = heartbeatTimeout
	settings.ElectionTimeout = electionTimeout
	settings.LeaderLeaseTimeout = leaderLease
	settings.BatchApplyCh = true // one fsync for all commands that wait
	settings.MaxAppendEntries = 256
	settings.SnapshotInterval = 30 * time.Second
	settings.SnapshotThreshold = 8 << 10
	settings.TrailingLogs = 16 << 10 // a follower catches up from the log, not by snapshot
	settings.NotifyCh = notices
	settings.Logger = logs

	if err := n.store.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", config.Dir, err)
	}
	if err := n.recover(settings); err != nil {
		return nil, err
	}
	if err := n.begin(settings); err != nil {
		return nil, err
	}
	if n.raft, err = n.startRaft(settings); err != nil {
		return nil, err
	}
	n.duties.Go(func() { n.watchLeadership(notices) })
	return n, nil
}

// startRaft reads the log and joins in. Raft panics over a log it cannot read.
func (n *Node) startRaft(settings *raft.Config) (r *raft.Raft, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			r, err = nil, fmt.Errorf("start raft in %s: %w: %v", n.config.Dir, ErrDamaged, cause)
		}
	}()
	r, err = raft.NewRaft(settings, n.state, n.store.logs, n.store.logs, n.store.snapshots, n.config.Transport)
	if err != nil {
		return nil, fmt.Errorf("start raft in %s: %w", n.config.Dir, err)
	}
	return r, nil
}

// release undoes what Open did before raft took over.
func (n *Node) release() (err error) {
	if t, ok := n.config.Transport.(raft.WithClose); ok {
		err = t.Close()
	}
	if n.store != nil {
		err = errors.Join(err, n.store.Close())
	}
	return err
}

// Run blocks until ctx ends or the node can no longer follow the log, which it
// then says why. It closes the node.
func (n *Node) Run(ctx context.Context) error {
	var failure error
	select {
	case <-ctx.Done():
	case <-n.state.failed:
		failure = n.state.failure
	}
	return errors.Join(failure, n.Close())
}

// Close stops the node; it can be opened again from its directory. A leader
// hands over first, so that nobody waits for an election.
func (n *Node) Close() (err error) {
	n.once.Do(func() {
		if n.ready.Load() != 0 {
			n.handOver()
		}
		close(n.closed)
		n.duties.Wait()
		if e := n.raft.Shutdown().Error(); e != nil {
			err = fmt.Errorf("stop raft: %w", e)
		}
		n.state.feed.close()
		err = errors.Join(err, n.store.Close())
	})
	return err
}

// Snapshot writes one now, whatever the log's length.
func (n *Node) Snapshot() error {
	if err := n.raft.Snapshot().Error(); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	return nil
}

// Mark is the last hash this node took of its plan.
func (n *Node) Mark() Mark {
	marks := *n.state.marks.Load()
	if len(marks) == 0 {
		return Mark{}
	}
	return marks[len(marks)-1]
}

// Plan is this node's copy of the plan and the index it is at.
func (n *Node) Plan() (*plan.Plan, uint64) {
	p := n.state.plan.Load()
	return p, p.Index
}
