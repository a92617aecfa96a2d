package agent

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Probe ends processes that run but have stopped answering, so that the pool
// starts them anew: a stopped or deadlocked server holds its place for ever
// otherwise.
type Probe struct {
	Pool *Pool
	// Answers asks the process at an address for any sign of life.
	Answers func(ctx context.Context, address string) error
	// Every is the pause between two probes and the patience of each; Misses
	// in a row are the end of a process. Together they must outlast the worst
	// a busy machine does to a healthy one.
	Every  time.Duration
	Misses int
	Logger *slog.Logger
}

// HealthOf asks for /healthz. Any answer will do: a server that says it is not
// ready lives.
func HealthOf(client *http.Client) func(context.Context, string) error {
	return func(ctx context.Context, address string) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+address+"/healthz", nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	}
}

// Run probes until ctx ends.
func (p *Probe) Run(ctx context.Context) {
	misses := map[int]int{} // by pid
	ticker := time.NewTicker(p.Every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			misses = p.round(ctx, misses)
		}
	}
}

// round probes every running process at once and returns the misses of those
// that still run.
func (p *Probe) round(ctx context.Context, before map[int]int) map[int]int {
	ctx, cancel := context.WithTimeout(ctx, p.Every)
	defer cancel()
	after := map[int]int{}
	var mu sync.Mutex
	var asked sync.WaitGroup
	for _, process := range p.Pool.Processes() {
		if process.PID == 0 || process.State == Draining {
			continue
		}
		asked.Go(func() {
			err := p.Answers(ctx, process.Address)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				return
			}
			after[process.PID] = before[process.PID] + 1
			if after[process.PID] >= p.Misses {
				p.Logger.Warn("ending a process that does not answer", "was", process.ID, "pid", process.PID, "error", err)
				p.Pool.end(process.ID, process.PID)
			}
		})
	}
	asked.Wait()
	return after
}

// end kills the process of a place if it is still the one with this pid. The
// pool counts it as a death.
func (p *Pool) end(id string, pid int) {
	for _, s := range p.slots {
		if s.spec.Name != id {
			continue
		}
		s.mu.Lock()
		process := s.process
		s.mu.Unlock()
		if process != nil && process.PID() == pid {
			process.Stop(0)
		}
		return
	}
}
