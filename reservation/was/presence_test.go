package was_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/plan"
	"sunbeon/reservation/was"
)

// controlPlane records what it is told.
type controlPlane struct {
	mu      sync.Mutex
	heard   []string // kind and state
	forgets bool     // rejects what it hears
}

func (c *controlPlane) Watch(context.Context, func(client.View)) error { return nil }

func (c *controlPlane) Submit(_ context.Context, command plan.Command) (plan.Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var body struct{ State string }
	if err := json.Unmarshal(command.Body, &body); err != nil {
		return plan.Result{}, err
	}
	c.heard = append(c.heard, string(command.Kind)+" "+body.State)
	if c.forgets {
		return plan.Result{Code: plan.NotFound}, nil
	}
	return plan.Result{OK: true}, nil
}

func (c *controlPlane) forget(forgets bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgets = forgets
}

func (c *controlPlane) said() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	said := c.heard
	c.heard = nil
	return said
}

func TestPresence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &controlPlane{}
		var ready atomic.Bool
		p := &was.Presence{
			ControlPlane: c, Logger: slog.New(slog.DiscardHandler),
			Instance: plan.RegisterInstance{ID: "was-1", Kind: plan.KindWAS},
			Ready: func() error {
				if !ready.Load() {
					return errors.New("no plan yet")
				}
				return nil
			},
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); p.Run(ctx) }()
		expect := func(what string, after time.Duration, want ...string) {
			t.Helper()
			time.Sleep(after)
			synctest.Wait()
			if said := c.said(); !slices.Equal(said, want) {
				t.Errorf("%s: said %q, want %q", what, said, want)
			}
		}
		expect("at the start", 100*time.Millisecond, "instance.register starting")
		ready.Store(true)
		expect("when ready", time.Second, "instance.report ready")
		expect("while nothing changes", 3*time.Second)
		expect("as a sign of life", 2*time.Second, "instance.report ready")
		c.forget(true)
		expect("when forgotten", 5*time.Second, "instance.report ready")
		expect("until it is heard", 2*time.Second, "instance.register ready", "instance.register ready")
		c.forget(false)
		expect("when heard again", time.Second, "instance.register ready")
		expect("while nothing changes", 3*time.Second)
		stop()
		<-done
		if err := errors.Join(p.Leave(t.Context(), false), p.Leave(t.Context(), true)); err != nil {
			t.Error(err)
		}
		expect("on leaving", 0, "instance.report draining", "instance.forget ")
	})
}
