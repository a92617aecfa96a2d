package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"sunbeon/reservation/ledger/postgres/pgserver"
)

// Stores that can be measured.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Settings of a measurement.
type Settings struct {
	Store   string        // SQLite or Postgres
	Dir     string        // on the disk to be measured; empty makes and removes a temporary one
	Callers int           // concurrent
	Slots   int           // half for the first dose, half for the second
	Rounds  int           // of each contestant
	Round   time.Duration // how long a round lasts
	Writers int           // processes that share the ledger when latency is measured
	// Writer is the command line of such a process; it gets its [Order] as JSON
	// on standard input and calls [Write].
	Writer   []string
	Progress func(line string) // told what goes on; may be nil
}

func (s *Settings) validate() error {
	switch {
	case s.Store != SQLite && s.Store != Postgres:
		return fmt.Errorf("store %q: use %s or %s", s.Store, SQLite, Postgres)
	case s.Callers < 1 || s.Slots < 20 || s.Rounds < 1 || s.Round <= 0 || s.Writers < 1:
		return errors.New("callers, rounds, their length and writers must be positive, slots at least 20")
	case len(s.Writer) == 0:
		return errors.New("the command line of a writer is missing")
	}
	if s.Progress == nil {
		s.Progress = func(string) {}
	}
	return nil
}

// Report is what was measured.
type Report struct {
	Store    string  `json:"store"`
	Bookings float64 `json:"bookings_per_s"`
	Baseline float64 `json:"baseline_per_s"`
	// Ratio is the middle one of the rounds' ratios.
	Ratio float64 `json:"ratio"`
	// P99 and P50 are from the moment a request was due to its durable answer.
	P99         float64 `json:"p99_ms"`
	P50         float64 `json:"p50_ms"`
	LatencyRate float64 `json:"latency_at_bookings_per_s"`
	Writers     int     `json:"writers"`

	BaselinePool int       `json:"baseline_pool,omitempty"`
	Ratios       []float64 `json:"ratios"`
	P99s         []float64 `json:"p99s_ms"`
	// The processor time of this process alone: a PostgreSQL server's is not in it.
	CPUMicros         float64 `json:"cpu_us_per_booking"`
	BaselineCPUMicros float64 `json:"baseline_cpu_us_per_booking"`
	Callers           int     `json:"callers"`
	Slots             int     `json:"slots"`
	Live              int64   `json:"live_bookings"`
}

// Run measures. What it starts it stops, and what it writes it removes. It fails
// when the ledger is not sound afterwards: a fast wrong answer is no measurement.
func Run(ctx context.Context, s Settings) (report *Report, err error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(s.Dir, "sunbeon-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	m := measurement{Settings: s, report: Report{Store: s.Store, Callers: s.Callers, Slots: s.Slots, Writers: s.Writers}}
	address := func(name string) (string, error) { return "sqlite:" + filepath.Join(dir, name+".db"), nil }
	if s.Store == Postgres {
		server, err := pgserver.Start(ctx)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, server.Stop()) }()
		address = func(name string) (string, error) { return server.Create(ctx, name) }
	}
	if err := m.throughput(ctx, address); err != nil {
		return nil, err
	}
	if err := m.latency(ctx); err != nil {
		return nil, err
	}
	return &m.report, m.audit(ctx)
}

// measurement is one run.
type measurement struct {
	Settings
	report  Report
	address string // of the ledger measured
}

func (m *measurement) say(format string, args ...any) { m.Progress(fmt.Sprintf(format, args...)) }

// throughput lets the ledger and the yardstick take turns.
func (m *measurement) throughput(ctx context.Context, create func(name string) (string, error)) error {
	ours, theirs, err := m.contestants(ctx, create)
	if err != nil {
		return err
	}
	defer ours.close()
	defer theirs.close()
	if m.Store == Postgres {
		if err := m.bestPool(ctx, theirs); err != nil {
			return err
		}
	}
	var bookings, baseline, cpu, baselineCPU []float64
	for round := range m.Rounds {
		theirRate, err := m.crowd(ctx, theirs.book, 2*round)
		if err != nil {
			return fmt.Errorf("one transaction a booking: %w", err)
		}
		ourRate, err := m.crowd(ctx, ours.book, 2*round+1)
		if err != nil {
			return fmt.Errorf("ledger: %w", err)
		}
		bookings, baseline = append(bookings, ourRate.perSecond), append(baseline, theirRate.perSecond)
		cpu, baselineCPU = append(cpu, ourRate.cpuMicros), append(baselineCPU, theirRate.cpuMicros)
		m.report.Ratios = append(m.report.Ratios, ourRate.perSecond/theirRate.perSecond)
		m.say("round %d: %.0f bookings a second, one transaction each %.0f (%.1f times)",
			round+1, ourRate.perSecond, theirRate.perSecond, ourRate.perSecond/theirRate.perSecond)
	}
	m.report.Bookings, m.report.Baseline, m.report.Ratio = middle(bookings), middle(baseline), middle(m.report.Ratios)
	m.report.CPUMicros, m.report.BaselineCPUMicros = middle(cpu), middle(baselineCPU)
	return nil
}

// bestPool finds the number of connections that serves the textbook best.
func (m *measurement) bestPool(ctx context.Context, theirs contestant) error {
	best := 0.0
	for i, conns := range []int{4, 8, 16, 32, 64} {
		theirs.resize(conns)
		r, err := m.crowd(ctx, theirs.book, 1000+i)
		if err != nil {
			return err
		}
		m.say("one transaction each over %d connections: %.0f a second", conns, r.perSecond)
		if r.perSecond > best {
			best, m.report.BaselinePool = r.perSecond, conns
		}
	}
	theirs.resize(m.report.BaselinePool)
	return nil
}

// middle is the median of an odd or even number of values.
func middle(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
