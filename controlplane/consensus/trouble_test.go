package consensus_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"sunbeon/controlplane/plan"
)

// trouble befalls a cluster, several kinds at a time, in rounds with calm
// between them in which a quorum can come about.
type trouble struct {
	c *cluster
	r *rand.Rand
	// off are the nodes to start again when the round ends.
	off []int
}

// mostNodes bounds what membership changes add to a cluster.
const mostNodes = 6

// kinds of trouble; each returns what it did.
var kinds = []func(*trouble) string{
	(*trouble).isolate, (*trouble).cutOneWay, (*trouble).deafen, (*trouble).storm, (*trouble).slowVotes,
	(*trouble).crash, (*trouble).restart, (*trouble).handOver, (*trouble).snapshot,
	(*trouble).reshape, (*trouble).reshape,
}

func (tr *trouble) run(over time.Time) {
	began := time.Now()
	for time.Now().Before(over) {
		tr.pause(300, 1200)
		for range 1 + tr.r.IntN(3) {
			did := kinds[tr.r.IntN(len(kinds))](tr)
			tr.c.t.Logf("%5.2f s: %s", time.Since(began).Seconds(), did)
			tr.pause(0, 300)
		}
		tr.pause(300, 2000)
		tr.c.mend()
		for _, i := range tr.off {
			tr.c.start(i)
		}
		tr.off = nil
	}
}

func (tr *trouble) pause(least, more int) {
	time.Sleep(time.Duration(least+tr.r.IntN(more)) * time.Millisecond)
}

// anyone is a node that runs, one that leads as often as not; -1 where none does.
func (tr *trouble) anyone() int {
	up := tr.c.up()
	if len(up) == 0 {
		return -1
	}
	if tr.r.IntN(2) == 0 {
		for _, i := range up {
			if _, leading := tr.c.nodes[i].Term(); leading {
				return i
			}
		}
	}
	return up[tr.r.IntN(len(up))]
}

func (tr *trouble) isolate() string {
	i := max(0, tr.anyone())
	tr.c.isolate(i)
	return fmt.Sprintf("node %d isolated", i)
}

func (tr *trouble) cutOneWay() string {
	from, to := tr.r.IntN(tr.c.size()), tr.r.IntN(tr.c.size())
	tr.c.net.block(address(from), address(to))
	return fmt.Sprintf("nothing goes from %d to %d", from, to)
}

func (tr *trouble) deafen() string {
	i := max(0, tr.anyone())
	for j := range tr.c.size() {
		tr.c.net.block(address(j), address(i))
	}
	return fmt.Sprintf("node %d hears nobody", i)
}

func (tr *trouble) storm() string {
	w := weather{
		lose: 0.3 * tr.r.Float64(), repeat: 0.2 * tr.r.Float64(),
		delay: time.Duration(1+tr.r.IntN(100)) * time.Millisecond,
	}
	tr.c.net.turn(w)
	return fmt.Sprintf("weather %+v", w)
}

func (tr *trouble) slowVotes() string {
	w := weather{vote: time.Duration(100+tr.r.IntN(900)) * time.Millisecond}
	tr.c.net.turn(w)
	return fmt.Sprintf("votes take up to %v", w.vote)
}

func (tr *trouble) crash() string {
	i := tr.anyone()
	if i < 0 {
		return "nobody left to crash"
	}
	tr.c.crash(i)
	tr.off = append(tr.off, i)
	return fmt.Sprintf("node %d crashed", i)
}

func (tr *trouble) restart() string {
	i := tr.anyone()
	if i < 0 {
		return "nobody left to restart"
	}
	tr.c.stop(i)
	tr.pause(0, 1000)
	tr.c.start(i)
	return fmt.Sprintf("node %d stopped and started", i)
}

func (tr *trouble) handOver() string {
	for _, i := range tr.c.up() {
		if _, leading := tr.c.nodes[i].Term(); leading {
			tr.c.nodes[i].HandOver()
			return fmt.Sprintf("node %d handed over", i)
		}
	}
	return "nobody to hand over"
}

func (tr *trouble) snapshot() string {
	i := tr.anyone()
	if i < 0 {
		return "nobody to write a snapshot"
	}
	return fmt.Sprintf("node %d wrote a snapshot: %v", i, tr.c.nodes[i].Snapshot())
}

// reshape has a node taken in or removed. Whether the command gets through is
// the cluster's affair; the node to be taken in starts in any case.
func (tr *trouble) reshape() string {
	if n := tr.c.size(); n < mostNodes && tr.r.IntN(3) > 0 {
		err := tr.ask(plan.MemberAdd, tr.c.wanted(n))
		return fmt.Sprintf("node %d is to be taken in (%v): it starts as %d", n, err, tr.c.join())
	}
	i := tr.r.IntN(tr.c.size())
	return fmt.Sprintf("node %d is to be removed: %v", i, tr.ask(plan.MemberRemove, plan.RemoveMember{ID: address(i)}))
}

func (tr *trouble) ask(kind plan.Kind, body any) error {
	command, err := plan.NewCommand(kind, body)
	if err != nil {
		return err
	}
	command.Actor, command.Reason = "kim", "test"
	i := tr.anyone()
	if i < 0 {
		return fmt.Errorf("nobody to ask")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	result, err := tr.c.nodes[i].Submit(ctx, command)
	if err == nil && !result.OK {
		err = fmt.Errorf("refused: %s", result.Code)
	}
	return err
}

// reign notes who leads in which term: one node a term, whatever happens.
type reign struct {
	mu      sync.Mutex
	leaders map[uint64]int
	twice   []string
}

func (r *reign) lead(node int) func(context.Context, uint64) {
	return func(_ context.Context, term uint64) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if other, known := r.leaders[term]; known && other != node {
			r.twice = append(r.twice, fmt.Sprintf("term %d: nodes %d and %d", term, other, node))
		}
		r.leaders[term] = node
	}
}

// settle waits until every member of the configuration holds the same plan.
func (c *cluster) settle() {
	c.t.Helper()
	var differ map[string][]string
	for range 600 {
		leader := c.nodes[c.leader()]
		differ = map[string][]string{}
		for _, m := range leader.Members() {
			hash := "not running"
			if n := c.named(m.ID); n != nil {
				p, _ := n.Plan()
				hash = p.Hash()
			}
			differ[hash] = append(differ[hash], m.ID)
		}
		if len(differ) == 1 {
			if n := leader.Diverged(); n != 0 {
				c.t.Errorf("%d plans diverge", n)
			}
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	c.t.Errorf("after a minute of calm the members' plans differ: %v", differ)
}
