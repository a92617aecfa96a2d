package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/plan"
)

// Failover of killed leaders.
type Failover struct {
	Kills int `json:"kills"`
	// Seconds from each kill to the first write that was acknowledged.
	Seconds []float64 `json:"seconds"`
	// RateRises counts the kills after which the admission rate rose before
	// the new leader can have been sure of what it sees; it must be 0. At every
	// kill an operator asks for a higher rate, so that there is one to rise to.
	RateRises int `json:"rate_rises"`
}

// watchRate is how long after the first acknowledged write the rate is still
// watched: a new leader is to make no increase for several seconds.
const watchRate = time.Second

// opened is the cohort that is open while leaders die.
const opened = "opened"

// failover kills the leader again and again, under an open line.
func failover(ctx context.Context, c *cluster, kills int, progress func(string)) (Failover, error) {
	out := Failover{Kills: kills}
	stop, err := openLine(ctx, c)
	if err != nil {
		return out, err
	}
	defer stop()
	rate := &rateWatch{}
	watching, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	for _, private := range urls("https://", c.private) {
		follow, err := client.New(client.Config{Addresses: []string{private}, TLS: c.gate.Clone(), Topics: []plan.Topic{plan.TopicSegments}})
		if err != nil {
			return out, err
		}
		group.Go(func() { _ = follow.Watch(watching, rate.take) })
	}
	if err := rate.moving(ctx); err != nil {
		return out, err
	}
	for n := range kills {
		took, rose, err := killOne(ctx, c, rate, int64(n))
		if err != nil {
			return out, fmt.Errorf("kill %d: %w", n+1, err)
		}
		out.Seconds = append(out.Seconds, took.Seconds())
		if rose {
			out.RateRises++
		}
		progress(fmt.Sprintf("leader %d of %d killed, writes went on after %.2f s", n+1, kills, took.Seconds()))
	}
	return out, nil
}

func killOne(ctx context.Context, c *cluster, rate *rateWatch, n int64) (took time.Duration, rose bool, err error) {
	leader, err := c.leader(ctx)
	if err != nil {
		return 0, false, err
	}
	for i := range nodes { // a leader may not die before the others could replace it
		if err := c.settled(ctx, i); err != nil {
			return 0, false, err
		}
	}
	rate.mark()
	began := time.Now()
	if err := c.kill(leader); err != nil {
		return 0, false, err
	}
	higher := 20_000 + 1_000*n
	if err := c.order(ctx, plan.AdmissionConfigure, plan.ConfigureAdmission{RateMilli: &higher}); err != nil {
		return 0, false, err
	}
	took = time.Since(began)
	select {
	case <-ctx.Done():
		return 0, false, ctx.Err()
	case <-time.After(watchRate):
	}
	rose = rate.rose()
	if err := c.start(leader); err != nil {
		return 0, false, err
	}
	return took, rose, c.settled(ctx, leader)
}

// openLine opens a cohort whose line one gate reports about each second.
func openLine(ctx context.Context, c *cluster) (stop func(), err error) {
	now := time.Now()
	opens := now.Add(2 * time.Second).UnixMilli()
	if err := c.order(ctx, plan.CohortDefine, plan.DefineCohort{Cohort: plan.Cohort{
		ID: opened, BirthFrom: "1972-01-01", BirthTo: "2003-12-31", Order: plan.OrderFirstCome,
		LobbyMS: now.UnixMilli(), OpenMS: opens, CloseMS: now.Add(time.Hour).UnixMilli(),
	}}); err != nil {
		return nil, err
	}
	// There is no gate and no WAS here, so the preflight cannot be green.
	var preflight opsapi.Preflight
	if err := c.operator.Call(ctx, http.MethodGet, "/v1/preflight/"+opened+"?consistency=linearizable", "", nil, &preflight); err != nil {
		return nil, err
	}
	if err := c.order(ctx, plan.CohortApprove, plan.ApproveCohort{Cohort: opened, Accept: preflight.NotGreen()}); err != nil {
		return nil, err
	}
	gate, err := client.New(client.Config{Addresses: urls("https://", c.private), TLS: c.gate.Clone()})
	if err != nil {
		return nil, err
	}
	reporting, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	group.Go(func() {
		for reporting.Err() == nil {
			command, err := plan.NewCommand(plan.LineReport, plan.ReportLine{Cohort: opened, Gate: "gate-1", Issued: 10_000_000})
			if err == nil {
				attempt, done := context.WithTimeout(reporting, 5*time.Second)
				_, _ = gate.Submit(attempt, command) // the next report makes it good
				done()
			}
			select {
			case <-reporting.Done():
			case <-time.After(time.Second):
			}
		}
	})
	return func() { cancel(); group.Wait() }, nil
}

// rateWatch sees every segment the followed nodes tell.
type rateWatch struct {
	mu     sync.Mutex
	latest plan.Segments
	marked int64
	since  []int64
}

func (w *rateWatch) take(v client.View) {
	w.mu.Lock()
	defer w.mu.Unlock()
	segments, ok := v.Plan.Segments[opened]
	if !ok || segments.Current.Number <= w.latest.Current.Number {
		return
	}
	w.latest = segments
	w.since = append(w.since, segments.Current.RateMilli)
}

// moving waits until the line is called: without a rate none could rise.
func (w *rateWatch) moving(ctx context.Context) error {
	for range 300 {
		if w.mark(); w.marked > 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return errors.New("the line stands still, so that no rate could rise")
}

// mark begins a comparison with the rate in force.
func (w *rateWatch) mark() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.marked, w.since = w.latest.Current.RateMilli, nil
}

// rose reports whether any rate since mark was higher than at it.
func (w *rateWatch) rose() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.since) > 0 && slices.Max(w.since) > w.marked
}
