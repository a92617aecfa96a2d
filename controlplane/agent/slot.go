package agent

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"sunbeon/internal/supervise"
)

const (
	// healthyAfter is how long a process must live for its start to count as
	// a success, and failingAfter how many failures in a row are reported.
	healthyAfter = 10 * time.Second
	failingAfter = 3
)

// slot is a place of the pool: an id, a port, and the process kept there while
// it is wanted.
type slot struct {
	spec    supervise.Spec
	address string
	grace   time.Duration
	pids    pidFiles
	logger  *slog.Logger
	died    func() // counts a death
	kick    chan struct{}

	mu       sync.Mutex
	wanted   bool
	keep     context.Context // of the Keep under way; nil where none is
	cancel   context.CancelFunc
	process  *supervise.Process // nil while nothing runs
	began    time.Time
	failures int // short lives in a row
	restarts int
	detail   string
}

// want decides whether a process is kept here; it returns at once.
func (s *slot) want(wanted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wanted = wanted
	if !wanted && s.cancel != nil {
		s.cancel()
	}
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// run keeps a process whenever one is wanted, until ctx ends.
func (s *slot) run(ctx context.Context) {
	for {
		for {
			keep := s.begin(ctx)
			if keep == nil {
				break
			}
			supervise.Keep(keep, s.spec, s.grace, s.watch)
			s.end()
		}
		select {
		case <-ctx.Done():
			return
		case <-s.kick:
		}
	}
}

// begin returns the context of the next Keep, or nil where none is wanted.
func (s *slot) begin(ctx context.Context) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.wanted || ctx.Err() != nil {
		return nil
	}
	s.keep, s.cancel = context.WithCancel(ctx)
	s.failures, s.restarts, s.detail = 0, 0, ""
	return s.keep
}

func (s *slot) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancel()
	s.keep, s.cancel = nil, nil
}

// watch is told of every start and end. A pid file stands exactly while a
// process may run.
func (s *slot) watch(e supervise.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !e.Ended {
		s.process, s.began, s.restarts = e.Process, time.Now(), e.Restarts
		if err := s.pids.write(s.spec.Name, e.Process.PID()); err != nil {
			s.logger.Warn("pid file", "was", s.spec.Name, "error", err)
		}
		s.logger.Info("started", "was", s.spec.Name, "pid", e.Process.PID(), "address", s.address, "restarts", e.Restarts)
		return
	}
	short := e.Process == nil || time.Since(s.began) < healthyAfter
	s.process = nil
	s.pids.remove(s.spec.Name)
	if s.keep.Err() != nil { // it was asked to end
		s.logger.Info("stopped", "was", s.spec.Name)
		return
	}
	s.died()
	s.failures++
	if !short {
		s.failures = 1
	}
	s.detail = "exited with status 0"
	if e.Err != nil {
		s.detail = e.Err.Error()
	}
	s.logger.Warn("died", "was", s.spec.Name, "error", s.detail, "failures", s.failures, "pause", e.Pause, "log", s.spec.LogFile)
}

// snapshot is what the slot is doing at now.
func (s *slot) snapshot(now time.Time) Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := Process{ID: s.spec.Name, Address: s.address, Restarts: s.restarts, Detail: s.detail}
	if !s.began.IsZero() {
		p.StartedMS = s.began.UnixMilli()
	}
	if s.process != nil {
		p.PID = s.process.PID()
	}
	// A process that kept dying is not taken for well until it has lived.
	proven := s.process != nil && now.Sub(s.began) >= healthyAfter
	switch {
	case s.keep == nil:
		p.State = Stopped
	case !s.wanted:
		p.State = Draining
	case s.failures >= failingAfter && !proven:
		p.State = Failing
	case s.process == nil:
		p.State = Restarting
	default:
		p.State = Running
	}
	return p
}
