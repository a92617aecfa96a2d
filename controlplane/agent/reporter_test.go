package agent_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sunbeon/controlplane/agent"
	"sunbeon/controlplane/plan"
)

// controlplane applies commands to a plan of its own, or is out of reach.
type controlplane struct {
	mu     sync.Mutex
	plan   *plan.Plan
	away   bool
	counts map[plan.Kind]int
}

func (c *controlplane) Submit(_ context.Context, command plan.Command) (plan.Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.away {
		return plan.Result{}, errors.New("nobody answers")
	}
	c.counts[command.Kind]++
	command.TimeMS = time.Now().UnixMilli()
	command.StampMS = command.TimeMS
	next, result, err := plan.Apply(c.plan, c.plan.Index+1, command)
	if err != nil {
		return plan.Result{}, err
	}
	c.plan = next
	return result, nil
}

// states are the instances' states by id.
func (c *controlplane) states() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	states := map[string]string{}
	for id, instance := range c.plan.Instances {
		states[id] = instance.State
	}
	return states
}

func (c *controlplane) instance(id string) plan.Instance {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.plan.Instances[id]
}

// reports counts what was said of any instance but goodbyes.
func (c *controlplane) reports() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[plan.InstanceReport] + c.counts[plan.InstanceRegister]
}

func TestReporterSpeaksForThoseWhoCannot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &controlplane{plan: plan.New(), counts: map[plan.Kind]int{}}
		var mu sync.Mutex
		var processes []agent.Process
		set := func(p ...agent.Process) {
			mu.Lock()
			processes = p
			mu.Unlock()
			time.Sleep(time.Second)
			synctest.Wait()
		}
		r := agent.NewReporter(agent.ReporterConfig{
			ID: "agent-1", PrivateURL: "https://127.0.0.1:8804", Version: "v1",
			Processes: func() []agent.Process {
				mu.Lock()
				defer mu.Unlock()
				return processes
			},
			ControlPlane: c, Logger: slog.New(slog.DiscardHandler),
		})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { r.Run(ctx) })
		check := func(when string, want map[string]string) {
			t.Helper()
			if diff := cmp.Diff(want, c.states()); diff != "" {
				t.Errorf("%s, the plan's instances (-want +got):\n%s", when, diff)
			}
		}
		// was says what a booking server says of itself.
		was := func(id string) {
			t.Helper()
			body, _ := json.Marshal(plan.RegisterInstance{ID: id, Kind: plan.KindWAS, PrivateURL: "https://x", State: plan.Ready})
			if result, err := c.Submit(t.Context(), plan.Command{Kind: plan.InstanceRegister, Body: body}); err != nil || !result.OK {
				t.Fatal(result, err)
			}
		}

		set(agent.Process{ID: "was-1", State: agent.Running}, agent.Process{ID: "was-2", State: agent.Restarting})
		check("at first", map[string]string{"agent-1": plan.Ready})
		was("was-1")
		was("was-2")
		set(agent.Process{ID: "was-1", State: agent.Running},
			agent.Process{ID: "was-2", Address: "127.0.0.1:9001", State: agent.Failing, Detail: "exit status 1"})
		check("with one failing", map[string]string{"agent-1": plan.Ready, "was-1": plan.Ready, "was-2": plan.Failing})
		if got := c.instance("was-2"); got.Detail != "exit status 1" || got.Owner != "agent-1" || got.PrivateURL != "https://127.0.0.1:9001" {
			t.Errorf("registered as %+v", got)
		}

		c.mu.Lock()
		c.plan, c.away = plan.New(), true // lost, and forgotten meanwhile
		c.mu.Unlock()
		set(processes...)
		c.mu.Lock()
		c.away = false
		c.mu.Unlock()
		time.Sleep(12 * time.Second)
		synctest.Wait()
		check("after an outage", map[string]string{"agent-1": plan.Ready, "was-2": plan.Failing})

		before := c.reports()
		time.Sleep(time.Minute)
		synctest.Wait()
		if said := c.reports() - before; said < 22 || said > 26 {
			t.Errorf("%d reports in a minute, want two every five seconds", said)
		}

		was("was-1")
		set(agent.Process{ID: "was-1", State: agent.Restarting})
		check("with one dead", map[string]string{"agent-1": plan.Ready, "was-1": plan.Starting, "was-2": plan.Failing})
		set(agent.Process{ID: "was-1", State: agent.Draining}, agent.Process{ID: "was-2", State: agent.Stopped})
		check("draining", map[string]string{"agent-1": plan.Ready, "was-1": plan.Draining})
		set(agent.Process{ID: "was-1", State: agent.Stopped}, agent.Process{ID: "was-2", State: agent.Stopped})
		check("stopped", map[string]string{"agent-1": plan.Ready})
		cancel()
		running.Wait()
		check("after goodbye", map[string]string{})
	})
}
