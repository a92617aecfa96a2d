package bench

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/opsapi/stream"
	"sunbeon/controlplane/plan"
)

// Fanout of changes to many watchers of one follower.
type Fanout struct {
	Watchers int `json:"watchers"`
	Changes  int `json:"changes"`
	// From a change's command being sent to its arrival at a watcher, over all
	// watchers and changes.
	P50MS float64 `json:"p50_ms"`
	P99MS float64 `json:"p99_ms"`
	MaxMS float64 `json:"max_ms"`
	// LeaderCPU is the leader's processor time a second of wall clock, without
	// watchers and with them.
	LeaderCPU        float64 `json:"leader_cpu"`
	LeaderCPUWatched float64 `json:"leader_cpu_watched"`
}

const (
	fanoutChanges = 20
	fanoutEvery   = 200 * time.Millisecond
	// fanoutWithin is how long a change may take to the last watcher.
	fanoutWithin = 10 * time.Second
)

// fanout writes changes, first unwatched, then watched by many.
func fanout(ctx context.Context, c *cluster, watchers int) (Fanout, error) {
	out := Fanout{Watchers: watchers, Changes: fanoutChanges}
	leader, err := c.leader(ctx)
	if err != nil {
		return out, err
	}
	gate, err := client.New(client.Config{Addresses: urls("https://", c.private)[leader : leader+1], TLS: c.gate.Clone()})
	if err != nil {
		return out, err
	}
	pid := c.processes[leader].PID()
	if out.LeaderCPU, _, err = writeChanges(ctx, gate, pid); err != nil {
		return out, err
	}

	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	crowd := &crowd{arrivals: make([][]arrival, watchers)}
	defer crowd.group.Wait()
	defer cancel()
	if err := crowd.gather(watching, c, (leader+1)%nodes); err != nil {
		return out, err
	}
	var sent map[uint64]time.Time
	if out.LeaderCPUWatched, sent, err = writeChanges(ctx, gate, pid); err != nil {
		return out, err
	}
	took, err := crowd.wait(ctx, sent)
	if err != nil {
		return out, err
	}
	out.P50MS, out.P99MS = milliseconds(quantile(took, 0.50)), milliseconds(quantile(took, 0.99))
	out.MaxMS = milliseconds(took[len(took)-1])
	return out, nil
}

// writeChanges writes at a steady pace and tells when each change was sent, by
// its index, and the processor time of process pid meanwhile, per second.
func writeChanges(ctx context.Context, gate *client.Client, pid int) (cpu float64, sent map[uint64]time.Time, err error) {
	before, err := processorTime(pid)
	if err != nil {
		return 0, nil, err
	}
	began := time.Now()
	sent = map[uint64]time.Time{}
	for n := range fanoutChanges {
		command, err := plan.NewCommand(plan.LineReport, report(0, int64(1_000_000+n)))
		if err != nil {
			return 0, nil, err
		}
		at := time.Now()
		result, err := gate.Submit(ctx, command)
		if err != nil || !result.OK {
			return 0, nil, fmt.Errorf("write a change: %s %w", result.Code, err)
		}
		sent[result.Index] = at
		select {
		case <-ctx.Done():
			return 0, nil, ctx.Err()
		case <-time.After(time.Until(at.Add(fanoutEvery))):
		}
	}
	after, err := processorTime(pid)
	return (after - before).Seconds() / time.Since(began).Seconds(), sent, err
}

// processorTime of a process, user and system: fields 14 and 15 of its stat in
// hundredths of a second.
func processorTime(pid int) (time.Duration, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("read processor time: %w", err)
	}
	_, after, _ := strings.Cut(string(raw), ") ") // the name before may hold spaces
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0, fmt.Errorf("read processor time: %q", raw)
	}
	var ticks int64
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read processor time: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}

// arrival of one change at one watcher.
type arrival struct {
	index uint64
	at    time.Time
}

// crowd is many watchers, each with a connection of its own.
type crowd struct {
	group    sync.WaitGroup
	mu       sync.Mutex
	arrivals [][]arrival
	failure  error
}

// gather connects everyone and waits until each has the snapshot.
func (k *crowd) gather(ctx context.Context, c *cluster, node int) error {
	ready := make(chan error, len(k.arrivals))
	abreast := make(chan struct{}, 32) // so many connect at a time
	for i := range k.arrivals {
		k.group.Go(func() {
			abreast <- struct{}{}
			messages, err := c.watch(ctx, node)
			<-abreast
			ready <- err
			if err == nil {
				k.follow(ctx, i, messages)
			}
		})
	}
	for range k.arrivals {
		if err := <-ready; err != nil {
			return err
		}
	}
	return nil
}

// watch opens one stream and reads its snapshot.
func (c *cluster) watch(ctx context.Context, node int) (*stream.Reader, error) {
	transport := &http.Transport{TLSClientConfig: c.gate.Clone()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet,
		"https://"+c.private[node]+"/internal/v1/watch?topics="+string(plan.TopicLines), nil)
	if err != nil {
		return nil, err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, fmt.Errorf("watch: %w", err)
	}
	context.AfterFunc(ctx, func() { response.Body.Close(); transport.CloseIdleConnections() })
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("watch: %s", response.Status)
	}
	messages := stream.NewReader(response.Body)
	if m, err := messages.Next(); err != nil || m.Kind != stream.Snapshot {
		return nil, fmt.Errorf("watch begins with %q, not a snapshot: %w", m.Kind, err)
	}
	return messages, nil
}

func (k *crowd) follow(ctx context.Context, i int, messages *stream.Reader) {
	for {
		m, err := messages.Next()
		at := time.Now()
		if ctx.Err() != nil {
			return
		}
		k.mu.Lock()
		if err != nil {
			k.failure = fmt.Errorf("watcher %d: %w", i, err)
		} else if m.Kind == stream.Change {
			k.arrivals[i] = append(k.arrivals[i], arrival{m.Index, at})
		}
		k.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// wait until everyone has everything that was sent, in order, and return how
// long it took, sorted.
func (k *crowd) wait(ctx context.Context, sent map[uint64]time.Time) ([]time.Duration, error) {
	for deadline := time.Now().Add(fanoutWithin); ; {
		took, err := k.took(sent)
		if err == nil || time.Now().After(deadline) || ctx.Err() != nil {
			return took, err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (k *crowd) took(sent map[uint64]time.Time) ([]time.Duration, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.failure != nil {
		return nil, k.failure
	}
	var took []time.Duration
	for i, arrivals := range k.arrivals {
		found, last := 0, uint64(0)
		for _, a := range arrivals {
			if a.index <= last {
				return nil, fmt.Errorf("watcher %d saw index %d after %d", i, a.index, last)
			}
			last = a.index
			if at, ours := sent[a.index]; ours {
				found++
				took = append(took, a.at.Sub(at))
			}
		}
		if found < len(sent) {
			return nil, fmt.Errorf("watcher %d saw %d of %d changes", i, found, len(sent))
		}
	}
	slices.Sort(took)
	return took, nil
}
