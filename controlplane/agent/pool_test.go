package agent_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sunbeon/controlplane/agent"
)

func TestScaleUpAndDownKeepsPlaces(t *testing.T) {
	s := newStage(t)
	s.scale(3)
	eventually(t, "three run", func() bool {
		return len(s.events("was-1")) == 1 && len(s.events("was-2")) == 1 && len(s.events("was-3")) == 1
	})
	want := "start was --id was-3 --listen 127.0.0.1:9002 --ledger sqlite:x"
	if got := s.events("was-3")[0]; got != want {
		t.Errorf("started as %q, want %q", got, want)
	}
	first := s.process("was-1").PID

	s.scale(1)
	eventually(t, "two have stopped", func() bool {
		return cmp.Equal(s.states(), map[string]string{"was-1": agent.Running, "was-2": agent.Stopped, "was-3": agent.Stopped})
	})
	for _, id := range []string{"was-2", "was-3"} {
		if !slices.Contains(s.events(id), "drained") {
			t.Errorf("%s was not asked to drain: %v", id, s.events(id))
		}
	}
	if s.process("was-1").PID != first {
		t.Error("scaling down touched the one that stays")
	}

	s.scale(2)
	eventually(t, "was-2 runs again", func() bool { return s.states()["was-2"] == agent.Running })
	if p := s.process("was-2"); p.Address != "127.0.0.1:9001" || p.Restarts != 0 {
		t.Errorf("was-2 came back as %+v", p)
	}
	s.stop()
	if left, _ := filepath.Glob(filepath.Join(s.dir, "*.pid")); len(left) > 0 {
		t.Errorf("pid files left after the end: %v", left)
	}
}

func TestMoreThanThePortsIsToldAndDoneAsFarAsPossible(t *testing.T) {
	s := newStage(t)
	if err := s.pool.Scale(t.Context(), 5); err == nil || !strings.Contains(err.Error(), "ports for 4") {
		t.Errorf("got %v, want an error about 4 ports", err)
	}
	eventually(t, "four run", func() bool { return s.states()["was-4"] == agent.Running })
}

func TestKilledProcessIsBackAtOnce(t *testing.T) {
	s := newStage(t)
	s.scale(1)
	eventually(t, "it runs", func() bool { return s.process("was-1").PID != 0 })
	before, killed := s.process("was-1"), time.Now()
	syscall.Kill(before.PID, syscall.SIGKILL)
	eventually(t, "it runs again", func() bool {
		p := s.process("was-1")
		return p.PID != 0 && p.PID != before.PID
	})
	if took := time.Since(killed); took > time.Second {
		t.Errorf("back after %v", took)
	}
	if p := s.process("was-1"); p.State != agent.Running || p.Restarts != 1 || p.Detail != "signal: killed" {
		t.Errorf("after its death: %+v", p)
	}
}

func TestWhatWillNotStartIsReportedAndNotTriedInATightLoop(t *testing.T) {
	s := newStage(t)
	s.mark("broken", true)
	s.scale(1)
	eventually(t, "it is reported", func() bool { return s.states()["was-1"] == agent.Failing })
	if p := s.process("was-1"); p.Detail != "exit status 1" {
		t.Errorf("reported as %+v", p)
	}
	time.Sleep(time.Second)
	// 0, 0, 100, 300, 700 ms … after the first: six starts in 1.5 s at most.
	if starts := len(s.events("was-1")); starts < 3 || starts > 7 {
		t.Errorf("%d starts within a good second", starts)
	}
	s.mark("broken", false)
	eventually(t, "it runs once it can", func() bool { return s.process("was-1").PID != 0 })
	if state := s.states()["was-1"]; state != agent.Failing {
		t.Errorf("taken for %s before it has proved itself", state)
	}
	s.scale(0)
	eventually(t, "it can be stopped", func() bool { return s.states()["was-1"] == agent.Stopped })
}

func TestStoppingSomethingThatWaitsToBeTriedAgain(t *testing.T) {
	s := newStage(t)
	s.mark("broken", true)
	s.scale(1)
	eventually(t, "it is reported", func() bool { return s.states()["was-1"] == agent.Failing })
	s.scale(0)
	eventually(t, "it is not tried any more", func() bool { return s.states()["was-1"] == agent.Stopped })
}

func TestDeafProcessIsKilledAfterItsGrace(t *testing.T) {
	s := newStage(t)
	s.mark("deaf", true)
	s.scale(1)
	eventually(t, "it runs", func() bool { return len(s.events("was-1")) == 1 })
	began := time.Now()
	s.scale(0)
	eventually(t, "it drains", func() bool { return s.states()["was-1"] == agent.Draining })
	eventually(t, "it is gone", func() bool { return s.states()["was-1"] == agent.Stopped })
	if took := time.Since(began); took < 2*time.Second || took > 4*time.Second {
		t.Errorf("gone after %v, want its grace of 2 s", took)
	}
}

func TestWantedAgainWhileItDrains(t *testing.T) {
	s := newStage(t)
	s.mark("deaf", true)
	s.scale(1)
	eventually(t, "it runs", func() bool { return len(s.events("was-1")) == 1 })
	before := s.process("was-1").PID
	s.scale(0)
	s.mark("deaf", false)
	s.scale(1)
	eventually(t, "a new one runs", func() bool {
		p := s.process("was-1")
		return p.PID != 0 && p.PID != before && p.State == agent.Running
	})
}

func TestSecondAgentIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "agent")
	lock, err := agent.Acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := agent.Acquire(dir); err == nil || !strings.Contains(err.Error(), "another agent") {
		t.Errorf("a second agent got %v", err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	again, err := agent.Acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	again.Release()
	if _, err := os.Stat(filepath.Join(dir, "agent.lock")); err != nil {
		t.Error(err)
	}
}
