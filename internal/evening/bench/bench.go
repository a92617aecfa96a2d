// Package bench measures a whole evening: how many citizens a second go all the
// way from their identity check to a confirmed booking, over HTTP, with the line,
// the control plane, the simulated upstreams and the crowd itself on the same
// machine, and what a way costs the servers in processor time.
//
// It runs `sunbeon up` as it is, with upstreams that can do more than is asked
// and an admission rate that does not hold anybody back, and reads the crowd's
// journal and the processes' times. The middle of the evening counts, from the
// tenth to the ninetieth of a hundred bookings: not the opening, and not the
// stragglers.
package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"sunbeon/reservation/rush/journal"
)

// Settings of a measurement.
type Settings struct {
	Binary   string // sunbeon
	People   int
	Rate     float64 // turns called a second
	Think    time.Duration
	Longest  time.Duration // of the evening
	PortBase int
	Output   *os.File // where the evening tells of itself; nil is nowhere
}

// Report is what was measured.
type Report struct {
	Ways           float64 `json:"ways_per_s"`
	CPUPerWay      float64 `json:"cpu_ms_per_way"` // gate and WAS, ledger included
	GateCPU        float64 `json:"gate_cpu_ms_per_way"`
	WASCPU         float64 `json:"was_cpu_ms_per_way"`
	RequestsPerWay float64 `json:"requests_per_way"`
	BareRequests   float64 `json:"bare_requests_per_s"`
	People         int     `json:"people"`
	Booked         int     `json:"booked"`
	Held           int     `json:"held"` // people who were told to hold on
	Processors     int     `json:"processors"`
}

// Run measures one evening and removes what it wrote. An evening that broke a
// guarantee is an error.
func Run(ctx context.Context, s Settings) (*Report, error) {
	if s.People < 100 || s.Rate <= 0 || s.Longest <= 0 {
		return nil, errors.New("people must be at least 100, rate and length positive")
	}
	dir, err := os.MkdirTemp("", "sunbeon-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	bare, err := bareRate(ctx)
	if err != nil {
		return nil, err
	}
	data, file := filepath.Join(dir, "data"), filepath.Join(dir, "report.json")
	up := exec.CommandContext(ctx, s.Binary, "up", "--headless", "--no-fault", "--data", data, "--report", file,
		"--port-base", fmt.Sprint(s.PortBase), "--people", fmt.Sprint(s.People), "--rate", fmt.Sprint(s.Rate),
		"--think", s.Think.String(), "--open-in", "5s", "--for", s.Longest.String())
	up.Stdout, up.Stderr = s.Output, s.Output
	up.Cancel = func() error { return up.Process.Signal(syscall.SIGTERM) }
	up.WaitDelay = 20 * time.Second
	if err := up.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- up.Wait() }()
	slow := make(chan error, 1)
	go func() { slow <- hurryUpstreams(ctx, s.PortBase) }()
	samples, err := watch(data, ended)
	if err = errors.Join(err, <-slow); err != nil {
		return nil, fmt.Errorf("evening: %w", err)
	}
	r := &Report{People: s.People, BareRequests: bare, Processors: runtime.NumCPU()}
	if err := r.readReport(file); err != nil {
		return nil, err
	}
	return r, r.middle(data, samples)
}

// fastUpstreams lifts what the simulated systems can do; the time of one request
// stays, as nobody waits for it but the citizen.
const fastUpstreams = `{"identity": {"capacity": 10000}, "eligibility": {"capacity": 10000}, "stock": {"capacity": 10000}}`

// hurryUpstreams tells them as soon as they listen.
func hurryUpstreams(ctx context.Context, portBase int) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	url := fmt.Sprintf("http://127.0.0.1:%d/faults", portBase+2)
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodPut, url, strings.NewReader(fastUpstreams))
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(r)
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				return fmt.Errorf("upstreams: %s", answer.Status)
			}
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("upstreams: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (r *Report) readReport(file string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("report of the evening: %w", err)
	}
	var told struct {
		Booked    int `json:"booked"`
		Held      int `json:"held"`
		LatencyMS map[string]struct {
			Count int64 `json:"count"`
		} `json:"latency_ms"`
	}
	if err := json.Unmarshal(raw, &told); err != nil {
		return fmt.Errorf("report of the evening: %w", err)
	}
	if told.Booked == 0 {
		return errors.New("nobody booked")
	}
	r.Booked, r.Held = told.Booked, told.Held
	requests := int64(0)
	for _, l := range told.LatencyMS {
		requests += l.Count
	}
	r.RequestsPerWay = float64(requests) / float64(told.Booked)
	return nil
}

// middle takes rate and cost between the tenth and the ninetieth percentile of
// the bookings.
func (r *Report) middle(data string, samples []sample) error {
	booked, err := bookedAt(data)
	if err != nil {
		return err
	}
	from, to := booked[len(booked)/10], booked[len(booked)*9/10]
	ways := float64(len(booked)*9/10 - len(booked)/10)
	if to <= from || len(samples) < 2 {
		return errors.New("the evening was too short to measure")
	}
	r.Ways = ways / (float64(to-from) / 1000)
	begin, end := at(samples, from), at(samples, to)
	r.GateCPU = float64((end.gate - begin.gate).Microseconds()) / 1000 / ways
	r.WASCPU = float64((end.was - begin.was).Microseconds()) / 1000 / ways
	r.CPUPerWay = r.GateCPU + r.WASCPU
	return nil
}

// bookedAt are the times of the first booking of every person, in order.
func bookedAt(data string) ([]int64, error) {
	files, err := filepath.Glob(filepath.Join(data, "rush", "journal-*.jsonl"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("journal of the crowd: %w", errors.Join(err, os.ErrNotExist))
	}
	in, err := os.Open(files[0])
	if err != nil {
		return nil, err
	}
	defer in.Close()
	first := map[string]int64{}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var e journal.Entry
		if json.Unmarshal(lines.Bytes(), &e) == nil && e.Event == journal.Booked && first[e.Person] == 0 {
			first[e.Person] = e.TimeMS
		}
	}
	times := make([]int64, 0, len(first))
	for _, t := range first {
		times = append(times, t)
	}
	slices.Sort(times)
	if len(times) < 20 {
		return nil, fmt.Errorf("only %d people booked", len(times))
	}
	return times, lines.Err()
}
