package leader_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sunbeon/controlplane/leader"
	"sunbeon/controlplane/plan"
)

// single is a cluster of one: what is submitted is applied.
type single struct {
	t  *testing.T
	mu sync.Mutex
	p  *plan.Plan
	// log counts the commands by kind; deaf refuses to take any.
	log  map[plan.Kind]int
	deaf bool
	// red are the checks that speak against every opening.
	red []string
}

func (s *single) hindrances(_ context.Context, _ *plan.Plan, c plan.Cohort) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.ID != "c40" {
		s.t.Errorf("asked about %+v", c)
	}
	return s.red
}

func newSingle(t *testing.T) *single {
	return &single{t: t, p: plan.New(), log: map[plan.Kind]int{}}
}

func (s *single) Plan() (*plan.Plan, uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.p, s.p.Index
}

func (s *single) Submit(_ context.Context, c plan.Command) (plan.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deaf {
		return plan.Result{}, plan.ErrRetryable
	}
	c.StampMS = time.Now().UnixMilli()
	next, result, err := plan.Apply(s.p, s.p.Index+1, c)
	if err != nil {
		return plan.Result{}, err
	}
	s.log[c.Kind]++
	s.p = next
	return result, nil
}

func (s *single) must(kind plan.Kind, body any) {
	s.t.Helper()
	c, err := plan.NewCommand(kind, body)
	if err != nil {
		s.t.Fatal(err)
	}
	c.Actor, c.Reason, c.TimeMS = "kim", "test", time.Now().UnixMilli()
	if result, err := s.Submit(s.t.Context(), c); err != nil || !result.OK {
		s.t.Fatalf("%s: %+v, %v", kind, result, err)
	}
}

func (s *single) count(kind plan.Kind) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log[kind]
}

func (s *single) cohort() plan.Cohort {
	p, _ := s.Plan()
	return p.Cohorts["c40"]
}

func (s *single) rate() int64 {
	p, _ := s.Plan()
	return p.Segments["c40"].Current.RateMilli
}

func (s *single) report(issued int64) {
	s.t.Helper()
	s.must(plan.LineReport, plan.ReportLine{Cohort: "c40", Gate: "gate-1", Issued: issued})
}

// tonight is a first-come cohort whose lobby opens in a second and whose line
// opens in ten.
func tonight() plan.Cohort {
	now := time.Now().UnixMilli()
	return plan.Cohort{
		ID: "c40", BirthFrom: "1972-01-01", BirthTo: "1981-12-31", Order: plan.OrderFirstCome,
		LobbyMS: now + 1_000, OpenMS: now + 10_000, CloseMS: now + 600_000,
	}
}

func (s *single) lead(term uint64) (stop func()) {
	ctx, cancel := context.WithCancel(s.t.Context())
	work := &leader.Work{
		Node: s, Steer: leader.Configured{}, Actor: "node-1", Hindrances: s.hindrances,
		Logger: slog.New(slog.DiscardHandler), Now: time.Now,
	}
	var group sync.WaitGroup
	group.Go(func() { work.Run(ctx, term) })
	return func() { cancel(); group.Wait() }
}

func TestEveningByTimetable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSingle(t)
		defer s.lead(1)()
		c := tonight()
		s.must(plan.CohortDefine, plan.DefineCohort{Cohort: c})
		s.must(plan.CohortApprove, plan.ApproveCohort{Cohort: "c40"})
		at := func(ms int64, want plan.Phase) {
			t.Helper()
			time.Sleep(time.Until(time.UnixMilli(ms)))
			synctest.Wait()
			if got := s.cohort().Phase; got != want {
				t.Errorf("%d ms from the opening: %s, want %s", ms-c.OpenMS, got, want)
			}
		}
		at(c.LobbyMS-1, plan.Scheduled)
		at(c.LobbyMS+1, plan.Lobby)
		s.report(500)
		at(c.OpenMS-1, plan.Lobby)
		s.report(1000)
		at(c.OpenMS+1, plan.Open) // at the hour, not a tick later
		if s.rate() != plan.New().Admission.RateMilli {
			t.Errorf("opened at rate %d", s.rate())
		}
		at(c.CloseMS-1, plan.Open)
		at(c.CloseMS+1, plan.Closed)
		if s.rate() != 0 {
			t.Errorf("closed with rate %d", s.rate())
		}
	})
}

// late answers a little after the hour, as a steering does that looks at the hour.
type late struct{ leader.Configured }

func (late) MayOpen(string) bool { return time.Now().UnixMilli()%1000 >= 30 }

func TestOpeningDoesNotWaitASecondForTheSteering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSingle(t)
		work := &leader.Work{Node: s, Steer: late{}, Actor: "node-1", Logger: slog.New(slog.DiscardHandler), Now: time.Now}
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() { work.Run(ctx, 1) })
		defer func() { cancel(); group.Wait() }()
		c := tonight()
		s.must(plan.CohortDefine, plan.DefineCohort{Cohort: c})
		s.must(plan.CohortApprove, plan.ApproveCohort{Cohort: "c40"})
		time.Sleep(time.Until(time.UnixMilli(c.OpenMS + 250)))
		synctest.Wait()
		if got := s.cohort().Phase; got != plan.Open {
			t.Errorf("a quarter of a second after its hour it is %s", got)
		}
	})
}

func TestOpeningThatIsNotApprovedIsPostponed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSingle(t)
		defer s.lead(1)()
		c := tonight()
		s.must(plan.CohortDefine, plan.DefineCohort{Cohort: c})
		time.Sleep(15 * time.Second)
		got := s.cohort()
		if got.Phase != plan.Lobby || got.OpenMS < c.OpenMS+50_000 || got.Note == "" {
			t.Fatalf("got %+v", got)
		}
		s.must(plan.CohortApprove, plan.ApproveCohort{Cohort: "c40"})
		time.Sleep(time.Until(time.UnixMilli(got.OpenMS)) + time.Millisecond)
		synctest.Wait()
		if phase := s.cohort().Phase; phase != plan.Open {
			t.Errorf("after approval: %s", phase)
		}
	})
}

func TestOpeningThatIsNotGreenAtItsHourIsPostponed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSingle(t)
		defer s.lead(1)()
		s.red = []string{"disk", "certificates"}
		c := tonight()
		s.must(plan.CohortDefine, plan.DefineCohort{Cohort: c})
		s.must(plan.CohortApprove, plan.ApproveCohort{Cohort: "c40"})
		time.Sleep(15 * time.Second)
		got := s.cohort()
		if got.Phase != plan.Lobby || got.OpenMS != c.OpenMS+60_000 || !strings.Contains(got.Note, "disk, certificates") {
			t.Fatalf("got %+v", got)
		}
		s.mu.Lock()
		s.red = nil
		s.mu.Unlock()
		time.Sleep(time.Until(time.UnixMilli(got.OpenMS)) + time.Millisecond)
		synctest.Wait()
		if phase := s.cohort().Phase; phase != plan.Open {
			t.Errorf("once it is green: %s", phase)
		}
	})
}

// open brings tonight's cohort to its opening under a leader of term 1.
func (s *single) open() (stop func()) {
	s.must(plan.CohortDefine, plan.DefineCohort{Cohort: tonight()})
	s.must(plan.CohortApprove, plan.ApproveCohort{Cohort: "c40"})
	stop = s.lead(1)
	time.Sleep(9 * time.Second)
	s.report(100_000)
	time.Sleep(2 * time.Second)
	if s.cohort().Phase != plan.Open {
		s.t.Fatal("the cohort is not open")
	}
	return stop
}

func TestSegmentIsRenewedEachSecondWhileThereIsALine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSingle(t)
		defer s.open()()
		before := s.count(plan.SegmentRenew)
		for range 10 {
			s.report(100_000)
			time.Sleep(time.Second)
		}
		if n := s.count(plan.SegmentRenew) - before; n < 9 || n > 11 {
			t.Errorf("%d renewals in ten seconds", n)
		}
	})
}

func TestIdleLeaderWritesNearlyNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSingle(t)
		s.must(plan.CohortDefine, plan.DefineCohort{Cohort: tonight()})
		defer s.open()()
		s.report(0)
		_, before := s.Plan()
		time.Sleep(5 * time.Minute) // no gate reports: nobody to call for
		if _, after := s.Plan(); after-before > 20 {
			t.Errorf("%d commands in five idle minutes", after-before)
		}
	})
}

func TestOverrideHoldAndTheirEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSingle(t)
		defer s.open()()
		configured := s.rate()
		after := func(d time.Duration, want int64) {
			t.Helper()
			for range int(d / time.Second) {
				s.report(100_000)
				time.Sleep(time.Second)
			}
			synctest.Wait()
			if got := s.rate(); got != want {
				t.Errorf("rate %d, want %d", got, want)
			}
		}
		s.must(plan.OverrideSet, plan.SetOverride{
			Target: plan.TargetAdmission, Value: 3_000, UntilMS: time.Now().Add(20 * time.Second).UnixMilli()})
		after(2*time.Second, 3_000)
		s.must(plan.HoldSet, plan.SetHold{Scope: plan.All})
		after(2*time.Second, 0)
		s.must(plan.HoldRelease, plan.ReleaseHold{Scope: plan.All})
		after(2*time.Second, 3_000)
		after(20*time.Second, configured)
		if p, _ := s.Plan(); len(p.Overrides) != 0 {
			t.Errorf("expired overrides stay: %v", p.Overrides)
		}
	})
}

func TestNewLeaderDoesNotRaiseAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSingle(t)
		stop := s.open()
		before := s.rate()
		stop()
		faster := 2 * before
		s.must(plan.AdmissionConfigure, plan.ConfigureAdmission{RateMilli: &faster})
		defer s.lead(2)()
		for i := range 8 {
			s.report(100_000)
			time.Sleep(time.Second)
			synctest.Wait()
			if got := s.rate(); i < 4 && got != before {
				t.Errorf("%d s into the term the rate is %d, was %d", i+1, got, before)
			}
		}
		if got := s.rate(); got != faster {
			t.Errorf("rate %d, want %d", got, faster)
		}
	})
}

func TestSilentInstancesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSingle(t)
		register := func(id string) {
			s.must(plan.InstanceRegister, plan.RegisterInstance{ID: id, Kind: plan.KindWAS, State: plan.Ready})
		}
		register("was-1")
		register("was-2")
		time.Sleep(time.Hour) // the whole system was down
		defer s.lead(1)()
		for range 4 {
			time.Sleep(5 * time.Second)
			c, err := plan.NewCommand(plan.InstanceReport, plan.ReportInstance{ID: "was-1", State: plan.Ready})
			if err != nil {
				t.Fatal(err)
			}
			c.TimeMS = time.Now().UnixMilli()
			if result, err := s.Submit(t.Context(), c); err != nil || !result.OK {
				t.Fatalf("was-1 was not given time to report: %+v, %v", result, err)
			}
		}
		p, _ := s.Plan()
		if _, ok := p.Instances["was-2"]; ok || len(p.Instances) != 1 {
			t.Errorf("instances %v", p.Instances)
		}
	})
}

func TestLostCommandIsDueAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSingle(t)
		defer s.lead(1)()
		s.must(plan.CohortDefine, plan.DefineCohort{Cohort: tonight()})
		s.mu.Lock()
		s.deaf = true
		s.mu.Unlock()
		time.Sleep(5 * time.Second)
		if _, err := s.Submit(t.Context(), plan.Command{}); !errors.Is(err, plan.ErrRetryable) {
			t.Fatal(err)
		}
		s.mu.Lock()
		s.deaf = false
		s.mu.Unlock()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := s.cohort().Phase; got != plan.Lobby {
			t.Errorf("phase %s", got)
		}
	})
}
