// Package bench measures a whole evening: how many citizens a second go all the
// way from their identity check to a confirmed booking, over HTTP, with the line,
// the control plane, the simulated upstreams and the crowd itself on the same
// machine, and what a way costs the servers in processor time.
//
// It runs `sunbeon up` as it is. Nothing but the servers is to be the limit: the
// upstreams are told to do more than is asked, and fast, and an operator's
// overrides hold the admission rate at its upper bound and the number of WAS where
// it was, so that the steering, which would feel its way up, stands aside. A fixed
// number of people is on their way at once, and for each who leaves another comes:
// every second holds as many identity checks, tickets and passes as bookings, and
// the servers are busy but never flooded. The middle counts, from the tenth to the
// ninetieth of a hundred bookings: neither the start nor the stragglers.
package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"sunbeon/reservation/rush/journal"
)

// Settings of a measurement.
type Settings struct {
	Binary   string // sunbeon
	People   int
	AtOnce   int // people on their way
	WAS      int
	Think    time.Duration
	Longest  time.Duration // of the evening
	PortBase int
	Output   *os.File // where the evening tells of itself; nil is nowhere
}

// admission is the rate turns are called at, a second: the bound a plan begins
// with.
const admission = 1000

func (s Settings) validate() error {
	if s.People < 100 || s.WAS < 1 || s.AtOnce < 1 || s.Longest <= 0 {
		return errors.New("people must be at least 100, people at once and WAS at least 1, and the length positive")
	}
	return nil
}

// Report is what was measured.
type Report struct {
	Ways           float64 `json:"ways_per_s"`
	CPUPerWay      float64 `json:"cpu_ms_per_way"` // gate and WAS, ledger included
	GateCPU        float64 `json:"gate_cpu_ms_per_way"`
	WASCPU         float64 `json:"was_cpu_ms_per_way"`
	OtherCPU       float64 `json:"other_cpu_ms_per_way"` // crowd, upstreams, control plane, agent
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
	if err := s.validate(); err != nil {
		return nil, err
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
	e := evening{Settings: s, data: filepath.Join(dir, "data"), report: filepath.Join(dir, "report.json")}
	samples, err := e.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("evening: %w", err)
	}
	r := &Report{People: s.People, BareRequests: bare, Processors: runtime.NumCPU()}
	if err := r.readReport(e.report); err != nil {
		return nil, err
	}
	return r, r.middle(e.data, samples)
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
	r.OtherCPU = float64((end.other - begin.other).Microseconds()) / 1000 / ways
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
