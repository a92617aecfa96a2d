package consensus_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"sunbeon/controlplane/consensus"
	"sunbeon/controlplane/plan"
)

// weather is what a network does to every message; the zero value is fair.
type weather struct {
	// lose and repeat are probabilities of a message.
	lose, repeat float64
	// delay is the longest a message takes, vote the longest a vote does.
	delay, vote time.Duration
}

// network lies between the nodes of a cluster. A cut is of one direction: what
// the other side asks arrives, and the answer does not.
type network struct {
	mu      sync.Mutex
	random  *rand.Rand
	weather weather
	cut     map[[2]string]bool // from, to
	down    map[string]bool
	// withheld are entries of the log: heartbeats and votes go through.
	withheld bool
}

var (
	errLost   = errors.New("lost on the way")
	errAnswer = errors.New("the answer was lost on the way")
)

// unanswered is how long a sender waits for an answer that does not come.
const unanswered = time.Second

func newNetwork() *network {
	return &network{random: rand.New(rand.NewPCG(1, 2)), cut: map[[2]string]bool{}, down: map[string]bool{}}
}

// carry takes a message there and the answer back. Its error is errLost where
// the message did not arrive, errAnswer where the answer did not.
func (n *network) carry(from, to string, vote bool, deliver func() error) error {
	if err := n.pass(from, to, vote); err != nil {
		return err
	}
	if n.chance(func(w weather) float64 { return w.repeat }) {
		_ = deliver()
	}
	err := deliver()
	if n.pass(to, from, vote) != nil {
		return errAnswer
	}
	return err
}

// pass is one way of a message.
func (n *network) pass(from, to string, vote bool) error {
	n.mu.Lock()
	blocked := n.down[from] || n.down[to] || n.cut[[2]string{from, to}]
	delay, lost := time.Duration(0), n.random.Float64() < n.weather.lose
	if most := n.weather.delay; most > 0 {
		delay = time.Duration(n.random.Int64N(int64(most)))
	}
	if most := n.weather.vote; vote && most > 0 {
		delay += time.Duration(n.random.Int64N(int64(most)))
	}
	reset := n.random.IntN(2) == 0 // a lost connection is noticed, or it is not
	n.mu.Unlock()
	time.Sleep(delay)
	switch {
	case blocked || lost && !reset:
		time.Sleep(unanswered)
		return errLost
	case lost:
		return errLost
	}
	return nil
}

func (n *network) chance(of func(weather) float64) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.random.Float64() < of(n.weather)
}

func (n *network) seed(seed uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.random = rand.New(rand.NewPCG(seed, 97))
}

func (n *network) turn(w weather) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.weather = w
}

func (n *network) block(from, to string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut[[2]string{from, to}] = true
}

func (n *network) set(node string, down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down[node] = down
}

// mend ends all cuts and clears the weather. Nodes that are down stay so.
func (n *network) mend() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.cut)
	n.weather, n.withheld = weather{}, false
}

func (n *network) withhold() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.withheld = true
}

// lets tells whether a message of raft's log goes through.
func (n *network) lets(args *raft.AppendEntriesRequest) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return !n.withheld || len(args.Entries) == 0
}

// wire is raft's way to the others.
type wire struct {
	*raft.InmemTransport
	net *network
}

func (w wire) carry(to raft.ServerAddress, vote bool, deliver func() error) error {
	return w.net.carry(string(w.LocalAddr()), string(to), vote, deliver)
}

// AppendEntries implements [raft.Transport].
func (w wire) AppendEntries(id raft.ServerID, to raft.ServerAddress, args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) error {
	if !w.net.lets(args) {
		return errLost
	}
	return w.carry(to, false, func() error { return w.InmemTransport.AppendEntries(id, to, args, resp) })
}

// RequestVote implements [raft.Transport].
func (w wire) RequestVote(id raft.ServerID, to raft.ServerAddress, args *raft.RequestVoteRequest, resp *raft.RequestVoteResponse) error {
	return w.carry(to, true, func() error { return w.InmemTransport.RequestVote(id, to, args, resp) })
}

// RequestPreVote implements [raft.WithPreVote].
func (w wire) RequestPreVote(id raft.ServerID, to raft.ServerAddress, args *raft.RequestPreVoteRequest, resp *raft.RequestPreVoteResponse) error {
	return w.carry(to, true, func() error { return w.InmemTransport.RequestPreVote(id, to, args, resp) })
}

// TimeoutNow implements [raft.Transport].
func (w wire) TimeoutNow(id raft.ServerID, to raft.ServerAddress, args *raft.TimeoutNowRequest, resp *raft.TimeoutNowResponse) error {
	return w.carry(to, true, func() error { return w.InmemTransport.TimeoutNow(id, to, args, resp) })
}

// InstallSnapshot implements [raft.Transport]. Its stream can be read once.
func (w wire) InstallSnapshot(id raft.ServerID, to raft.ServerAddress, args *raft.InstallSnapshotRequest, resp *raft.InstallSnapshotResponse, data io.Reader) error {
	from := string(w.LocalAddr())
	if err := w.net.pass(from, string(to), false); err != nil {
		return err
	}
	err := w.InmemTransport.InstallSnapshot(id, to, args, resp, data)
	return errors.Join(err, w.net.pass(string(to), from, false))
}

// AppendEntriesPipeline implements [raft.Transport].
func (w wire) AppendEntriesPipeline(id raft.ServerID, to raft.ServerAddress) (raft.AppendPipeline, error) {
	inner, err := w.InmemTransport.AppendEntriesPipeline(id, to)
	if err != nil {
		return nil, err
	}
	return pipeline{inner, w, to}, nil
}

// pipeline ends with the first message that is lost, or whose answer is.
type pipeline struct {
	raft.AppendPipeline
	wire wire
	to   raft.ServerAddress
}

// AppendEntries implements [raft.AppendPipeline].
func (p pipeline) AppendEntries(args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) (future raft.AppendFuture, err error) {
	if !p.wire.net.lets(args) {
		return nil, errLost
	}
	from, to := string(p.wire.LocalAddr()), string(p.to)
	if err := p.wire.net.pass(from, to, false); err != nil {
		return nil, err
	}
	if future, err = p.AppendPipeline.AppendEntries(args, resp); err != nil {
		return nil, err
	}
	if err := p.wire.net.pass(to, from, false); err != nil {
		return nil, err
	}
	return future, nil
}

// direct is a LeaderClient over the network of a cluster.
type direct struct {
	cluster *cluster
	from    int
}

func (d direct) ask(url string, of func(*consensus.Node) error) error {
	to := strings.TrimPrefix(url, "https://")
	err := d.cluster.net.carry(address(d.from), to, false, func() error {
		n := d.cluster.named(to)
		if n == nil {
			return fmt.Errorf("nobody listens at %s: %w", to, plan.ErrRetryable)
		}
		return of(n)
	})
	switch {
	case errors.Is(err, errAnswer):
		return fmt.Errorf("%w: %w", plan.ErrUnknown, err)
	case errors.Is(err, errLost):
		return fmt.Errorf("%w: %w", plan.ErrRetryable, err)
	}
	return err
}

func (d direct) Propose(ctx context.Context, url string, c plan.Command) (r plan.Result, err error) {
	err = d.ask(url, func(n *consensus.Node) (err error) { r, err = n.Propose(ctx, c); return err })
	return r, err
}

func (d direct) ReadIndex(ctx context.Context, url string) (index uint64, err error) {
	err = d.ask(url, func(n *consensus.Node) (err error) { index, err = n.ReadIndex(ctx); return err })
	if err != nil {
		return 0, fmt.Errorf("%w: %w", plan.ErrRetryable, err)
	}
	return index, nil
}

func (d direct) Status(_ context.Context, url string) (status consensus.Status, err error) {
	err = d.ask(url, func(n *consensus.Node) error { status = d.cluster.statusOf(n); return nil })
	return status, err
}
