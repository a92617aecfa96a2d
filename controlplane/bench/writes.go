package bench

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/plan"
)

// writer writes one value through its own connection and returns when it is
// committed.
type writer func(ctx context.Context) error

// Latency of the writes of one round.
type Latency struct {
	P50MS     float64 `json:"p50_ms"`
	P99MS     float64 `json:"p99_ms"`
	PerSecond float64 `json:"per_second"`
}

// round lets all writers write for a while, each as soon as its last write was
// answered.
func round(ctx context.Context, writers []writer, lasts time.Duration) (Latency, error) {
	took := make([][]time.Duration, len(writers))
	failed := make([]error, len(writers))
	began := time.Now()
	var group sync.WaitGroup
	for i, write := range writers {
		group.Go(func() {
			for at := time.Now(); at.Sub(began) < lasts && failed[i] == nil; at = time.Now() {
				failed[i] = write(ctx)
				took[i] = append(took[i], time.Since(at))
			}
		})
	}
	group.Wait()
	elapsed := time.Since(began)
	for _, err := range failed {
		if err != nil {
			return Latency{}, err
		}
	}
	all := slices.Sorted(slices.Values(slices.Concat(took...)))
	return Latency{
		P50MS: milliseconds(quantile(all, 0.50)), P99MS: milliseconds(quantile(all, 0.99)),
		PerSecond: float64(len(all)) / elapsed.Seconds(),
	}, nil
}

// quantile of a sorted list, by nearest rank.
func quantile[V any](sorted []V, q float64) V {
	var none V
	if len(sorted) == 0 {
		return none
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// report is the value both clusters store: what a gate says of its line.
func report(client int, n int64) plan.ReportLine {
	return plan.ReportLine{
		Cohort: measured, Gate: fmt.Sprintf("gate-%02d", client),
		Issued: 1_000_000 + n, HighWater: 10 + n, Claimed: 5 + n, Booked: n, Sessions: 3,
	}
}

// measured is the cohort whose lines are reported.
const measured = "measured"

// sunbeonWriters report lines to one node, each under its own request id, as
// gates do.
func sunbeonWriters(c *cluster, node, clients int) ([]writer, error) {
	writers := make([]writer, clients)
	for i := range writers {
		own, err := client.New(client.Config{Addresses: urls("https://", c.private)[node : node+1], TLS: c.gate.Clone()})
		if err != nil {
			return nil, err
		}
		var n int64
		writers[i] = func(ctx context.Context) error {
			n++
			command, err := plan.NewCommand(plan.LineReport, report(i, n))
			if err != nil {
				return err
			}
			result, err := own.Submit(ctx, command)
			if err == nil && !result.OK {
				err = fmt.Errorf("line.report was refused: %s: %s", result.Code, result.Detail)
			}
			return err
		}
	}
	return writers, nil
}

// etcdWriters put the same JSON under a key of their own.
func etcdWriters(e *etcd, member, clients int) ([]writer, error) {
	writers := make([]writer, clients)
	for i := range writers {
		connection, err := e.dial(member)
		if err != nil {
			return nil, err
		}
		var n int64
		writers[i] = func(ctx context.Context) error {
			n++
			command, err := plan.NewCommand(plan.LineReport, report(i, n))
			if err != nil {
				return err
			}
			return put(ctx, connection, []byte(plan.LineKey(measured, fmt.Sprintf("gate-%02d", i))), command.Body)
		}
	}
	return writers, nil
}
