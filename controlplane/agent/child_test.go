package agent_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sunbeon/controlplane/agent"
)

// recordVariable makes the test binary play a booking server: it writes what
// befalls it into the directory named there, and dies at once while a file
// "broken" stands in it.
const recordVariable = "AGENT_TEST_RECORD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(recordVariable); dir != "" {
		os.Exit(play(dir, os.Args[1:]))
	}
	os.Exit(m.Run())
}

func play(dir string, args []string) int {
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	record := func(event string) {
		file, err := os.OpenFile(filepath.Join(dir, args[2]), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			os.Exit(7)
		}
		fmt.Fprintln(file, event)
		file.Close()
	}
	if _, err := os.Stat(filepath.Join(dir, "deaf")); err == nil {
		signal.Ignore(syscall.SIGTERM)
	}
	record("start " + strings.Join(args, " "))
	if _, err := os.Stat(filepath.Join(dir, "broken")); err == nil {
		return 1
	}
	select {
	case <-terminated:
		record("drained")
		return 0
	case <-time.After(time.Minute): // never outlive a failed test for long
		return 8
	}
}

// stage is a pool of children that play booking servers.
type stage struct {
	t         *testing.T
	pool      *agent.Pool
	dir, play string
	stop      func()
}

func poolConfig(dir, play string) agent.PoolConfig {
	return agent.PoolConfig{
		Path: os.Args[0], Args: []string{"--ledger", "sqlite:x"},
		Env:       []string{recordVariable + "=" + play},
		FirstPort: 9000, LastPort: 9003,
		Dir: dir, Logs: dir, Grace: 2 * time.Second,
		Registry: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler),
	}
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, dir: t.TempDir(), play: t.TempDir()}
	pool, err := agent.NewPool(poolConfig(s.dir, s.play))
	if err != nil {
		t.Fatal(err)
	}
	s.pool = pool
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { pool.Run(ctx) })
	s.stop = func() { cancel(); running.Wait() }
	t.Cleanup(s.stop)
	return s
}

func (s *stage) scale(n int) {
	s.t.Helper()
	if err := s.pool.Scale(s.t.Context(), n); err != nil {
		s.t.Fatal(err)
	}
}

// states are the processes' states by id.
func (s *stage) states() map[string]string {
	states := map[string]string{}
	for _, p := range s.pool.Processes() {
		states[p.ID] = p.State
	}
	return states
}

func (s *stage) process(id string) agent.Process {
	for _, p := range s.pool.Processes() {
		if p.ID == id {
			return p
		}
	}
	return agent.Process{}
}

// events are what befell a child, in order.
func (s *stage) events(id string) []string {
	content, err := os.ReadFile(filepath.Join(s.play, id))
	if err != nil {
		return nil
	}
	lines := strings.Split(string(content), "\n")
	return lines[:len(lines)-1] // what follows the last line's end is still being written
}

func (s *stage) mark(name string, there bool) {
	s.t.Helper()
	path := filepath.Join(s.play, name)
	err := os.Remove(path)
	if there {
		err = os.WriteFile(path, nil, 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// eventually waits for a condition of real processes.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}
