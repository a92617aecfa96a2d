package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sunbeon/internal/supervise"
)

// PoolConfig describes the processes of a pool.
type PoolConfig struct {
	// Path is the sunbeon binary. Each process is started as
	// `Path was --id was-N --listen 127.0.0.1:PORT Args…`.
	Path string
	Args []string
	// Env is the environment of the processes.
	Env []string
	// FirstPort to LastPort, inclusive, are theirs: was-1 has the first.
	FirstPort, LastPort int
	// Dir holds the pid files, Logs a log file for each process.
	Dir, Logs string
	// Grace is how long a process may take to drain before it is killed.
	Grace    time.Duration
	Registry prometheus.Registerer
	Logger   *slog.Logger
}

func (c PoolConfig) validate() error {
	switch {
	case c.Path == "":
		return errors.New("pool: no binary to start")
	case c.FirstPort < 1 || c.LastPort < c.FirstPort || c.LastPort > 65535:
		return fmt.Errorf("pool: ports %d to %d", c.FirstPort, c.LastPort)
	case c.Grace <= 0:
		return errors.New("pool: no time to drain")
	}
	return nil
}

// Pool keeps as many processes alive as it was last asked for. It is safe for
// concurrent use.
type Pool struct {
	slots []*slot
}

// NewPool ends what an earlier agent left running in Dir and starts nothing
// yet.
func NewPool(cfg PoolConfig) (*Pool, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	pids := pidFiles{cfg.Dir}
	if err := pids.endOrphans(cfg.Grace, cfg.Logger); err != nil {
		return nil, fmt.Errorf("end orphans: %w", err)
	}
	deaths := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "sunbeon_agent_deaths_total", Help: "WAS processes that ended without being asked to.",
	})
	p := &Pool{}
	for port := cfg.FirstPort; port <= cfg.LastPort; port++ {
		id := fmt.Sprintf("was-%d", len(p.slots)+1)
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		p.slots = append(p.slots, &slot{
			spec: supervise.Spec{
				Name:    id,
				Path:    cfg.Path,
				Args:    append([]string{"was", "--id", id, "--listen", address}, cfg.Args...),
				Env:     cfg.Env,
				LogFile: filepath.Join(cfg.Logs, id+".log"),
			},
			address: address,
			grace:   cfg.Grace,
			pids:    pids,
			logger:  cfg.Logger,
			died:    deaths.Inc,
			kick:    make(chan struct{}, 1),
		})
	}
	cfg.Registry.MustRegister(deaths, stateCollector{p})
	return p, nil
}

// Run keeps the processes until ctx ends; then it stops all of them and
// returns when they are gone.
func (p *Pool) Run(ctx context.Context) {
	var running sync.WaitGroup
	for _, s := range p.slots {
		running.Go(func() { s.run(ctx) })
	}
	running.Wait()
}

// Scale makes was-1 to was-replicas the processes that are kept; others drain.
// It returns at once, with an error where there are more wanted than ports:
// then all ports are used.
func (p *Pool) Scale(_ context.Context, replicas int) error {
	for n, s := range p.slots {
		s.want(n < replicas)
	}
	if replicas > len(p.slots) {
		return fmt.Errorf("%d replicas wanted, this machine has ports for %d", replicas, len(p.slots))
	}
	return nil
}

// Processes lists every place that is in use or has been.
func (p *Pool) Processes() []Process {
	now := time.Now()
	processes := []Process{}
	for _, s := range p.slots {
		if process := s.snapshot(now); process.State != Stopped || process.StartedMS != 0 {
			processes = append(processes, process)
		}
	}
	return processes
}

// stateCollector counts the pool's processes by state when it is scraped.
type stateCollector struct{ pool *Pool }

var stateDesc = prometheus.NewDesc("sunbeon_agent_processes", "WAS processes by what they are doing.", []string{"state"}, nil)

func (c stateCollector) Describe(out chan<- *prometheus.Desc) { out <- stateDesc }

func (c stateCollector) Collect(out chan<- prometheus.Metric) {
	counts := map[string]int{Running: 0, Restarting: 0, Failing: 0, Draining: 0}
	for _, process := range c.pool.Processes() {
		if process.State != Stopped {
			counts[process.State]++
		}
	}
	for state, n := range counts {
		out <- prometheus.MustNewConstMetric(stateDesc, prometheus.GaugeValue, float64(n), state)
	}
}
