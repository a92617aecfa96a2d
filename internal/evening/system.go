package evening

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"sunbeon/internal/pki"
	"sunbeon/internal/supervise"
)

// stopGrace is how long one process may take to end in order.
const stopGrace = 8 * time.Second

// deathsBeforeReady is how often a process may die before the system was ever
// ready; then its own words are shown instead of trying on.
const deathsBeforeReady = 4

// system is every process of an evening but the citizens.
type system struct {
	cfg   Config
	dir   *dataDir
	ports ports
	say   func(format string, args ...any)

	kept   [][]keptChild // by stage
	failed chan error

	mu       sync.Mutex
	ready    bool
	restarts map[string]int
	pids     map[string]int // of the processes as last started
}

type keptChild struct {
	child
	stop context.CancelFunc
	done chan struct{}
}

func newSystem(cfg Config, dir *dataDir, say func(string, ...any)) *system {
	return &system{
		cfg: cfg, dir: dir, ports: ports(cfg.PortBase), say: say,
		failed: make(chan error, 1), restarts: map[string]int{}, pids: map[string]int{},
	}
}

// start starts every process; each is kept running until stop.
func (s *system) start() {
	for _, stage := range s.stages() {
		var together []keptChild
		for _, c := range stage {
			together = append(together, s.keep(c))
		}
		s.kept = append(s.kept, together)
	}
}

func (s *system) keep(c child) keptChild {
	ctx, cancel := context.WithCancel(context.Background())
	kept := keptChild{child: c, stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(kept.done)
		supervise.Keep(ctx, c.spec, stopGrace, s.watch(ctx, c.spec))
	}()
	return kept
}

// names lists the processes.
func (s *system) names() []string {
	var names []string
	for _, stage := range s.stages() {
		for _, c := range stage {
			names = append(names, c.spec.Name)
		}
	}
	return names
}

// stop ends the processes, the stage last started first.
func (s *system) stop() {
	for _, stage := range slices.Backward(s.kept) {
		for _, c := range stage {
			c.stop()
		}
		for _, c := range stage {
			<-c.done
		}
	}
}

// watch tells of deaths and restarts, and gives up on a process that keeps
// dying before the system was ever ready.
func (s *system) watch(ctx context.Context, spec supervise.Spec) func(supervise.Event) {
	return func(e supervise.Event) {
		if !e.Ended {
			s.mu.Lock()
			s.pids[e.Name] = e.Process.PID()
			s.mu.Unlock()
		}
		if ctx.Err() != nil || !e.Ended {
			return
		}
		s.mu.Lock()
		ready := s.ready
		s.restarts[e.Name]++
		s.mu.Unlock()
		if !ready && e.Restarts+1 >= deathsBeforeReady {
			select {
			case s.failed <- fmt.Errorf("%s does not start: %s", e.Name, lastWords(spec.LogFile, e.Err)):
			default:
			}
			return
		}
		s.say("%s ended, starting it again: %s", e.Name, lastWords(spec.LogFile, e.Err))
	}
}

// lastWords says why a process ended: the error or panic it printed last, where
// it ended by itself, or else how it was ended.
func lastWords(file string, err error) string {
	words := fmt.Sprint(err)
	for _, line := range lastLines(file) {
		if own, ok := strings.CutPrefix(line, "sunbeon: "); ok {
			words = own
		} else if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			words = line
		}
	}
	return fmt.Sprintf("%s (log: %s)", words, file)
}

// lastLines reads the end of a file that may be large.
func lastLines(file string) []string {
	f, err := os.Open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	const tail = 16 << 10
	if end, err := f.Seek(0, io.SeekEnd); err == nil {
		f.Seek(max(end-tail, 0), io.SeekStart)
	}
	raw, _ := io.ReadAll(io.LimitReader(f, tail))
	return strings.Split(strings.TrimSpace(string(raw)), "\n")
}

// awaitReady returns once every process says it is healthy.
func (s *system) awaitReady(ctx context.Context) error {
	identity, err := pki.Load(s.dir.join("pki"), "operator")
	if err != nil {
		return err
	}
	transport := &http.Transport{TLSClientConfig: identity.ClientTLS()}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 2 * time.Second}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for waiting := slices.Concat(s.kept...); len(waiting) > 0; {
		if healthy(ctx, client, waiting[0].private) {
			waiting = waiting[1:]
			continue
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w", waiting[0].spec.Name, context.Cause(ctx))
		case err := <-s.failed:
			return err
		case <-tick.C:
		}
	}
	s.mu.Lock()
	s.ready = true
	s.mu.Unlock()
	return nil
}

// awaitWAS returns once a booking server is ready, which the agent starts and
// the plan tells of.
func (s *system) awaitWAS(ctx context.Context, o *observer) error {
	deadline := time.NewTimer(readyTimeout)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for o.running() == 0 {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-deadline.C:
			log := s.dir.join("logs", "was-1.log")
			return fmt.Errorf("no booking server starts: %s", lastWords(log, errors.New("the agent knows why")))
		case <-tick.C:
		}
	}
	return nil
}

func healthy(ctx context.Context, client *http.Client, base string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/healthz", nil)
	if err != nil {
		return false
	}
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}
