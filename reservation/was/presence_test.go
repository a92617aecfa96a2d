package was_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/plan"
	"sunbeon/reservation/was"
)

// controlPlane records what it is told.
type controlPlane struct {
	mu     sync.Mutex
	heard  []string // kind and state
	answer func(plan.Command) (plan.Result, error)
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
	if c.answer != nil {
		return c.answer(command)
	}
	return plan.Result{OK: true}, nil
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
		notReady := errors.New("no plan yet")
		p := &was.Presence{
			ControlPlane: c, Ready: func() error { return notReady }, Logger: slog.New(slog.DiscardHandler),
			Instance: plan.RegisterInstance{ID: "was-1", Kind: plan.KindWAS},
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
		notReady = nil
		expect("when ready", time.Second, "instance.report ready")
		expect("while nothing changes", 3*time.Second)
		expect("as a sign of life", 2*time.Second, "instance.report ready")
		c.answer = func(plan.Command) (plan.Result, error) { return plan.Result{Code: plan.NotFound}, nil }
		expect("when forgotten", 5*time.Second, "instance.report ready")
		expect("until it is heard", 2*time.Second, "instance.register ready", "instance.register ready")
		c.answer = nil
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
