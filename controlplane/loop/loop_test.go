package loop_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sunbeon/controlplane/loop"
	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/telemetry"
	"sunbeon/internal/serving"
)

// node is a consensus node of one that applies what it is given.
type node struct {
	t    *testing.T
	mu   sync.Mutex
	plan *plan.Plan
	seen []plan.Command
}

func (n *node) Plan() (*plan.Plan, uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.plan, n.plan.Index
}

func (n *node) Submit(_ context.Context, c plan.Command) (plan.Result, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c.StampMS = c.TimeMS
	next, result, err := plan.Apply(n.plan, n.plan.Index+1, c)
	if err != nil {
		n.t.Errorf("apply %s: %v", c.Kind, err)
		return result, err
	}
	if !result.OK {
		n.t.Errorf("%s was refused: %s %s", c.Kind, result.Code, result.Detail)
	}
	n.plan = next
	n.seen = append(n.seen, c)
	return result, nil
}

func (n *node) count(kind plan.Kind) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	count := 0
	for _, c := range n.seen {
		if c.Kind == kind {
			count++
		}
	}
	return count
}

// signals answers with what the test sets, or fails.
type signals struct {
	mu      sync.Mutex
	reading telemetry.Reading
	broken  bool
}

func (s *signals) Read(context.Context, time.Time) (telemetry.Reading, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return nil, errors.New("no database")
	}
	return s.reading, nil
}

func (s *signals) set(broken bool, reading telemetry.Reading) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken, s.reading = broken, reading
}

// healthy is a quiet evening: everything is measured and nothing saturates.
func healthy(rate float64) telemetry.Reading {
	return telemetry.Reading{
		"was":         {telemetry.Age: 0.2, telemetry.Throughput: 5 * rate, telemetry.InFlight: 3, telemetry.Latency: .01, telemetry.Utilisation: .2},
		"ledger":      {telemetry.Throughput: rate, telemetry.InFlight: 1, telemetry.Latency: .005},
		"eligibility": {telemetry.Throughput: rate, telemetry.InFlight: 2, telemetry.Latency: .02},
		"stock":       {telemetry.Throughput: rate, telemetry.InFlight: 2, telemetry.Latency: .03},
	}
}

const cohort = "tonight"

// openPlan is a plan with one open cohort whose line is long.
func openPlan(nowMS int64) *plan.Plan {
	p := plan.New()
	p.Cohorts = map[string]plan.Cohort{cohort: {
		ID: cohort, Order: plan.OrderFirstCome, Weight: 1, Phase: plan.Open, ApprovedBy: []string{"a"},
		LobbyMS: nowMS - 60_000, OpenMS: nowMS - 30_000, CloseMS: nowMS + 3_600_000,
	}}
	p.Segments = map[string]plan.Segments{cohort: {Current: serving.Segment{
		Cohort: cohort, Number: 1, T0: nowMS, RateMilli: 50_000, Until: nowMS + 10_000, Cap: 100_000, FloorMilli: 1000, TauMS: 30_000,
	}}}
	p.Lines = map[string]plan.Line{plan.LineKey(cohort, "gate-1"): {
		Cohort: cohort, Gate: "gate-1", Issued: 100_000, ReportMS: nowMS,
	}}
	p.Instances = map[string]plan.Instance{
		"was-1": {ID: "was-1", Kind: plan.KindWAS, State: plan.Ready},
	}
	return p
}

func newLoop(t *testing.T, n *node, s *signals) *loop.Loop {
	t.Helper()
	cfg, err := loop.Evening{Session: 10 * time.Second, ClaimDelay: 2 * time.Second, ColdStart: time.Second}.Steering()
	if err != nil {
		t.Fatal(err)
	}
	return &loop.Loop{Node: n, Signals: s, Config: cfg, Actor: "n1", Logger: slog.New(slog.DiscardHandler), Now: time.Now}
}

func TestDecisionsReachThePlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, s := &node{t: t, plan: openPlan(time.Now().UnixMilli())}, &signals{}
		l := newLoop(t, n, s)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); l.Run(ctx, 3) }()
		for i := range 30 {
			s.set(false, healthy(20+float64(i)/10))
			n.mu.Lock()
			line := n.plan.Lines[plan.LineKey(cohort, "gate-1")]
			line.ReportMS = time.Now().UnixMilli()
			n.plan.Lines[plan.LineKey(cohort, "gate-1")] = line
			n.mu.Unlock()
			time.Sleep(time.Second)
			synctest.Wait()
		}
		p, _ := n.Plan()
		if len(p.Decisions) == 0 {
			t.Fatal("nothing was decided in half a minute")
		}
		for _, d := range p.Decisions {
			if d.Sentence == "" || !json.Valid(d.Record) {
				t.Errorf("decision %d has no reason or record", d.Index)
			}
		}
		if wanted := l.Wanted(p, time.Now().UnixMilli()); wanted <= 0 {
			t.Errorf("wanted %d with a long line and nothing saturated", wanted)
		}
		if n.count(plan.ControllerKeep) == 0 {
			t.Error("the steering's state is not kept for the next leader")
		}
		for _, c := range n.seen {
			if c.Term != 3 || c.Actor != "n1" {
				t.Errorf("%s carries term %d and actor %q", c.Kind, c.Term, c.Actor)
			}
		}
		cancel()
		<-done
		if got, want := l.Wanted(p, time.Now().UnixMilli()), int64(50_000); got != want {
			t.Errorf("after its term it wants %d, want what is in force, %d", got, want)
		}
	})
}

func TestLooksAtTheHourOfAnOpening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, opens := openPlan(time.Now().UnixMilli()), time.Now().UnixMilli()+3_400
		c := p.Cohorts[cohort]
		c.Phase, c.OpenMS = plan.Lobby, opens
		p.Cohorts[cohort] = c
		s := &signals{}
		s.set(false, healthy(20))
		l := newLoop(t, &node{t: t, plan: p}, s)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); l.Run(ctx, 3) }()
		time.Sleep(3_399 * time.Millisecond)
		synctest.Wait()
		if l.MayOpen(cohort) {
			t.Error("it may open before its hour")
		}
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		if !l.MayOpen(cohort) {
			t.Error("it may not open at its hour")
		}
		cancel()
		<-done
	})
}

func TestBlindLoopRaisesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, s := &node{t: t, plan: openPlan(time.Now().UnixMilli())}, &signals{}
		s.set(true, nil)
		l := newLoop(t, n, s)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); l.Run(ctx, 3) }()
		highest := int64(0)
		for range 60 {
			time.Sleep(time.Second)
			synctest.Wait()
			p, _ := n.Plan()
			highest = max(highest, l.Wanted(p, time.Now().UnixMilli()))
		}
		if highest > 50_000 {
			t.Errorf("wanted up to %d while it saw nothing and 50000 was in force", highest)
		}
		cancel()
		<-done
	})
}

func TestDamagedStateIsLearnedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, s := &node{t: t, plan: openPlan(time.Now().UnixMilli())}, &signals{}
		n.plan.Controllers = map[string]plan.ControllerState{"steering": {State: json.RawMessage(`{"names": 7}`)}}
		s.set(false, healthy(20))
		l := newLoop(t, n, s)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		l.Run(ctx, 4)
	})
}

func TestParseResource(t *testing.T) {
	if r, err := loop.ParseResource("stock:backend:1:60:120", time.Minute); err != nil || r.AtMS != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := loop.ParseResource("stock:backend:1:60:120:0.4", time.Minute); err != nil || r.AtMS != 24_000 {
		t.Errorf("asked after %d ms, want 24,000 (%v)", r.AtMS, err)
	}
	for _, text := range []string{"", "stock", "stock:backend:1:60", "stock:backend:one:60:120", "stock:backend:1:60:120:2", "stock:backend:1:60:120:NaN", "stock:backend:1:60:120:0.4:5"} {
		if _, err := loop.ParseResource(text, time.Minute); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
	if _, err := (loop.Evening{Session: time.Second, ClaimDelay: time.Second, Resources: []string{"stock:moon:1:60:120"}}).Steering(); err == nil {
		t.Error("a resource of no kind is accepted")
	}
	if _, err := (loop.Evening{}).Steering(); err == nil {
		t.Error("sessions of no length are accepted")
	}
}
