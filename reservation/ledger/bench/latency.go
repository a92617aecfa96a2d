package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Order is what a writer process is told.
type Order struct {
	Ledger string        `json:"ledger"` // address
	Slots  int           `json:"slots"`
	Seed   uint64        `json:"seed"`
	Rate   float64       `json:"rate"` // bookings a second
	For    time.Duration `json:"for"`
}

// latency measures at half the rate reached, from several processes.
func (m *measurement) latency(ctx context.Context) error {
	m.report.LatencyRate = m.report.Bookings / 2
	var p99, p50 []float64
	for round := range m.Rounds {
		took, err := m.paced(ctx, round)
		if err != nil {
			return fmt.Errorf("latency: %w", err)
		}
		p99 = append(p99, float64(took.ValueAtQuantile(99))/1000)
		p50 = append(p50, float64(took.ValueAtQuantile(50))/1000)
		m.say("%d writers at %.0f a second: p50 %.1f ms, p99 %.1f ms, %d bookings",
			m.Writers, m.report.LatencyRate, p50[round], p99[round], took.TotalCount())
	}
	m.report.P99, m.report.P50, m.report.P99s = middle(p99), middle(p50), p99
	return nil
}

// paced runs one round of writer processes and adds up what they saw.
func (m *measurement) paced(ctx context.Context, round int) (*hdrhistogram.Histogram, error) {
	sum := newHistogram()
	var mu sync.Mutex
	var writers sync.WaitGroup
	errs := make([]error, m.Writers)
	for i := range m.Writers {
		order := Order{
			Ledger: m.address, Slots: m.Slots, Seed: uint64(1+round)<<40 | uint64(i),
			Rate: m.report.LatencyRate / float64(m.Writers), For: m.Round,
		}
		writers.Go(func() {
			took, err := m.write(ctx, order)
			if err != nil {
				errs[i] = err
				return
			}
			mu.Lock()
			defer mu.Unlock()
			sum.Merge(took)
		})
	}
	writers.Wait()
	return sum, errors.Join(errs...)
}

// write runs one writer process to its end.
func (m *measurement) write(ctx context.Context, o Order) (*hdrhistogram.Histogram, error) {
	order, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	child := exec.CommandContext(ctx, m.Writer[0], m.Writer[1:]...)
	child.Stderr = os.Stderr
	child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := child.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := child.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := child.Start(); err != nil {
		return nil, err
	}
	_, failed := in.Write(append(order, '\n'))
	var seen hdrhistogram.Snapshot
	if failed == nil {
		failed = json.NewDecoder(out).Decode(&seen)
	}
	if err := errors.Join(failed, child.Wait()); err != nil {
		return nil, fmt.Errorf("writer: %w", err)
	}
	return hdrhistogram.Import(&seen), nil
}

// Write is the life of a writer process: it reads an [Order] from in, books at
// its rate whether or not earlier bookings have been answered, and tells out how
// long they took.
func Write(ctx context.Context, in io.Reader, out io.Writer) error {
	var o Order
	if err := json.NewDecoder(bufio.NewReader(in)).Decode(&o); err != nil {
		return fmt.Errorf("order: %w", err)
	}
	to, err := openLedger(ctx, o.Ledger)
	if err != nil {
		return err
	}
	defer to.close()
	people, err := newWishes(o.Slots, o.Seed)
	if err != nil {
		return err
	}
	took := newHistogram()
	var mu sync.Mutex
	var failed error
	var pending sync.WaitGroup
	rng := rand.New(rand.NewPCG(o.Seed, 6))
	for due, end := time.Now(), time.Now().Add(o.For); due.Before(end) && ctx.Err() == nil; {
		// The processor time of waking for every single one would be taken from the
		// ledger. Who is sent late has waited since they were due.
		if wait := time.Until(due); wait > 0 {
			time.Sleep(max(wait, time.Millisecond))
		}
		w, err := people.next()
		if err != nil {
			return err
		}
		meant := due
		pending.Go(func() {
			err := to.book(ctx, w)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = err
				return
			}
			took.RecordValue(time.Since(meant).Microseconds())
		})
		due = due.Add(time.Duration(rng.ExpFloat64() / o.Rate * float64(time.Second))) // nobody coordinates a crowd
	}
	pending.Wait()
	if failed != nil {
		return failed
	}
	return json.NewEncoder(out).Encode(took.Export())
}

// newHistogram holds a microsecond to a minute with three digits.
func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, 60_000_000, 3) }
