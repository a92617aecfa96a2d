package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
)

// Settings of a measurement.
type Settings struct {
	// Dir takes the record, on the disk to be measured; empty makes and
	// removes a temporary one.
	Dir string
	// People is how many wait before anything is measured over HTTP.
	People int
	// Connections are kept open by the clients.
	Connections int
	// Rounds of each contestant; Joins and Polls are the requests of a round.
	Rounds, Joins, Polls int
	// WithoutRedis leaves the usual room out.
	WithoutRedis bool
	// Progress is told what goes on.
	Progress func(line string)
}

// Report is what was measured. Rates are requests a second; ratios are to the
// bare handler of the same round.
type Report struct {
	People      int `json:"people"`
	Connections int `json:"connections"`
	Processors  int `json:"processors"`

	JoinsRatio       float64 `json:"joins_ratio"`
	PollsRatio       float64 `json:"polls_ratio"`
	NotModifiedRatio float64 `json:"not_modified_ratio"`

	Joins           float64 `json:"joins_per_s"`
	BareJoins       float64 `json:"bare_joins_per_s"`
	Polls           float64 `json:"polls_per_s"`
	BarePolls       float64 `json:"bare_polls_per_s"`
	NotModified     float64 `json:"not_modified_per_s"`
	BareNotModified float64 `json:"bare_not_modified_per_s"`

	// Processor time a request, server and client together: what a ratio is
	// where nobody else uses the machine.
	JoinCPU            float64 `json:"join_cpu_us"`
	BareJoinCPU        float64 `json:"bare_join_cpu_us"`
	PollCPU            float64 `json:"poll_cpu_us"`
	BarePollCPU        float64 `json:"bare_poll_cpu_us"`
	NotModifiedCPU     float64 `json:"not_modified_cpu_us"`
	BareNotModifiedCPU float64 `json:"bare_not_modified_cpu_us"`

	JoinBytes int `json:"join_response_bytes"`
	PollBytes int `json:"poll_response_bytes"`

	// FillPerS is the rate of durable joins without HTTP.
	FillPerS             float64 `json:"in_process_joins_per_s"`
	MemoryBytesPerPerson float64 `json:"memory_bytes_per_person"`
	DiskBytesPerPerson   float64 `json:"disk_bytes_per_person"`
	RestartS             float64 `json:"restart_s"`
	DrawS                float64 `json:"draw_s"`
	OwnTurnMicros        float64 `json:"own_turn_us"`
	AllTurnsS            float64 `json:"all_turns_s"`
	RecordsPerGroup      float64 `json:"records_per_group"`
	GroupWriteMedianMS   float64 `json:"group_write_median_ms"`
	Redis                *Redis  `json:"redis,omitempty"`
	RedisLeftOut         string  `json:"redis_left_out,omitempty"`
}

// Redis is what the usual room reached in the same rounds.
type Redis struct {
	JoinsRatio           float64 `json:"joins_ratio"`
	PollsRatio           float64 `json:"polls_ratio"`
	Joins                float64 `json:"joins_per_s"`
	Polls                float64 `json:"polls_per_s"`
	MemoryBytesPerPerson float64 `json:"memory_bytes_per_person"`
	// People is how many it held when its memory was measured.
	People int `json:"people"`
}

func (s *Settings) validate() error {
	if s.People < 1 || s.Connections < 1 || s.Rounds < 1 || s.Joins < 1 || s.Polls < 1 {
		return errors.New("people, connections, rounds, joins and polls must be positive")
	}
	if s.Progress == nil {
		s.Progress = func(string) {}
	}
	return nil
}

// Run measures. What it starts it stops, and what it writes it removes, unless
// Dir was named.
func Run(ctx context.Context, s Settings) (report *Report, err error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	if s.Dir == "" {
		if s.Dir, err = os.MkdirTemp("", "sunbeon-bench-"); err != nil {
			return nil, err
		}
		defer os.RemoveAll(s.Dir)
	}
	m := &measurement{Settings: s, report: &Report{People: s.People, Connections: s.Connections}}
	defer func() { err = errors.Join(err, m.close()) }()
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"fill", m.fill}, {"restart", m.restart}, {"joins", m.joins}, {"draw", m.draw}, {"polls", m.polls},
	} {
		if err := step.do(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return m.report, nil
}

// measurement is one run: its steps build on each other.
type measurement struct {
	Settings
	report *Report
	room   *room
	redis  *redisRoom
}

func (m *measurement) close() error {
	var errs []error
	if m.redis != nil {
		errs = append(errs, m.redis.close())
	}
	if m.room != nil {
		errs = append(errs, m.room.close())
	}
	return errors.Join(errs...)
}

func (m *measurement) say(format string, args ...any) { m.Progress(fmt.Sprintf(format, args...)) }

// middle is the median of an odd or even number of rounds, 0 of none.
func middle(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
