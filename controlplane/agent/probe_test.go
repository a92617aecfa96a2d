package agent_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"sunbeon/controlplane/agent"
)

func TestProcessThatStopsAnsweringIsReplaced(t *testing.T) {
	s := newStage(t)
	s.scale(2)
	eventually(t, "both run", func() bool { return s.process("was-2").PID != 0 && s.process("was-1").PID != 0 })
	hung, well := s.process("was-1"), s.process("was-2")

	var mu sync.Mutex
	asked := map[string]int{}
	probe := &agent.Probe{
		Pool: s.pool, Every: 30 * time.Millisecond, Misses: 3, Logger: slog.New(slog.DiscardHandler),
		Answers: func(_ context.Context, address string) error {
			mu.Lock()
			defer mu.Unlock()
			asked[address]++
			switch {
			case address == hung.Address && s.process("was-1").PID == hung.PID:
				return errors.New("no answer")
			case address == well.Address && asked[address]%3 != 0:
				return errors.New("misses two of three, never three in a row")
			}
			return nil
		},
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { probe.Run(ctx) })
	eventually(t, "the hung one is replaced", func() bool {
		p := s.process("was-1")
		return p.PID != 0 && p.PID != hung.PID
	})
	mu.Lock()
	if asked[hung.Address] < 3 {
		t.Errorf("ended after %d misses, want 3", asked[hung.Address])
	}
	mu.Unlock()
	time.Sleep(300 * time.Millisecond)
	cancel()
	running.Wait()
	if s.process("was-2").PID != well.PID {
		t.Error("one that answers now and then was ended")
	}
	if p := s.process("was-1"); p.Restarts != 1 {
		t.Errorf("the new one was not left alone: %+v", p)
	}
}
