package consensus_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anishathalye/porcupine"

	"sunbeon/controlplane/consensus"
	"sunbeon/controlplane/plan"
)

// access is one operation on the plan's decay time, taken as a register.
type access struct {
	write bool
	value int64
}

var register = porcupine.Model{
	Init: func() any { return plan.New().Admission.TauMS },
	Step: func(state, input, output any) (bool, any) {
		in := input.(access)
		if in.write {
			return true, in.value
		}
		return output == state, state
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v → %v", input, output) },
}

// history is what clients saw, in virtual time.
type history struct {
	mu         sync.Mutex
	began      time.Time
	operations []porcupine.Operation
}

func (h *history) now() int64 { return int64(time.Since(h.began)) }

func (h *history) add(op porcupine.Operation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.operations = append(h.operations, op)
}

// client writes and reads through random nodes until the time is over. A write
// without a definite answer is sent again under its request id; one that never
// gets any may take effect at any time after.
func (c *cluster) client(h *history, id int, r *rand.Rand, over time.Time) {
	for n := 0; time.Now().Before(over); n++ {
		time.Sleep(time.Duration(r.IntN(200)) * time.Millisecond)
		call := h.now()
		if r.IntN(2) == 0 {
			if value, ok := c.readOnce(r.IntN(c.size())); ok {
				h.add(porcupine.Operation{ClientId: id, Input: access{}, Call: call, Output: value, Return: h.now()})
			}
			continue
		}
		value := int64(id*1_000_000 + n)
		command := tau(c.t, value)
		command.RequestID, command.TimeMS = fmt.Sprintf("%d-%d", id, n), time.Now().UnixMilli()
		done, possible := c.writeUntil(r, command, over)
		switch {
		case done:
			h.add(porcupine.Operation{ClientId: id, Input: access{true, value}, Call: call, Return: h.now()})
		case possible:
			h.add(porcupine.Operation{ClientId: id, Input: access{true, value}, Call: call, Return: int64(time.Hour)})
			return // it is still this client's operation
		}
	}
}

func (c *cluster) readOnce(node int) (int64, bool) {
	n := c.running(node)
	if n == nil {
		return 0, false
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Second)
	defer cancel()
	p, err := n.Read(ctx, consensus.Linearizable)
	if err != nil {
		return 0, false
	}
	return p.Admission.TauMS, true
}

func (c *cluster) writeUntil(r *rand.Rand, command plan.Command, over time.Time) (done, possible bool) {
	for time.Now().Before(over) {
		if n := c.running(r.IntN(c.size())); n != nil {
			ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Second)
			result, err := n.Submit(ctx, command)
			cancel()
			switch {
			case err == nil && !result.OK:
				c.t.Errorf("refused: %+v", result)
				return false, false
			case err == nil:
				return true, true
			case !errors.Is(err, plan.ErrRetryable):
				possible = true
			}
		}
		time.Sleep(time.Duration(50+r.IntN(200)) * time.Millisecond)
	}
	return false, possible
}

// seeds is how many histories are played: go test -run Histories -seeds 2000
var seeds = flag.Uint64("seeds", 200, "histories to play")

// TestHistoriesAreLinearizable plays a busy twelve seconds of virtual time per
// seed: clients write, read, forward and retry through all nodes while every
// kind of trouble comes over them. The seed draws the trouble; the order in
// which goroutines run is not drawn from it, so that a failure may need a few
// tries to come again.
func TestHistoriesAreLinearizable(t *testing.T) {
	if testing.Short() {
		*seeds = min(*seeds, 10)
	}
	for seed := range *seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { playHistory(t, seed) })
			if t.Failed() {
				t.Logf("again: go test -race ./controlplane/consensus -run 'TestHistoriesAreLinearizable/^%d$' -seeds %d -count 20", seed, seed+1)
			}
		})
	}
}

func playHistory(t *testing.T, seed uint64) {
	reigns := &reign{leaders: map[uint64]int{}}
	c := newCluster(t, reigns.lead)
	defer c.close()
	c.net.seed(seed)
	c.leader()
	h := &history{began: time.Now()}
	over := time.Now().Add(12 * time.Second)
	var group sync.WaitGroup
	for id := range 5 {
		r := rand.New(rand.NewPCG(seed, uint64(id)))
		group.Go(func() { c.client(h, id, r, over) })
	}
	p, _ := c.nodes[c.leader()].Plan()
	watch := &watcher{c: c, plan: p}
	group.Go(func() { watch.follow(rand.New(rand.NewPCG(seed, 98)), over) })
	troubles := &trouble{c: c, r: rand.New(rand.NewPCG(seed, 99))}
	troubles.run(over)
	group.Wait()

	c.settle()
	if result := porcupine.CheckOperationsTimeout(register, h.operations, 20*time.Second); result != porcupine.Ok {
		t.Errorf("%d operations: %s", len(h.operations), result)
	}
	if len(h.operations) < 50 {
		t.Errorf("only %d operations were answered", len(h.operations))
	}
	if len(reigns.twice) > 0 {
		t.Errorf("two leaders in one term: %v", reigns.twice)
	}
	watch.stay(c.nodes[c.leader()], time.Second) // what came after the last trouble
	watch.check()
}
