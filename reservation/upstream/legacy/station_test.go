package legacy_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sunbeon/reservation/upstream/legacy"
)

// even is a system that takes exactly 40 ms a request and 100 a second.
var even = legacy.Profile{
	Capacity: 100, ServiceTime: 40 * time.Millisecond, Workers: 50, Queue: legacy.Unbounded, Saturation: 100,
}

func newStation(p legacy.Profile) *legacy.Station {
	return legacy.NewStation(p, rand.New(rand.NewPCG(1, 2)))
}

// load offers rate requests a second for a time, evenly, and counts by
// treatment or error what has come back when it is over.
type load struct {
	mu      sync.Mutex
	served  int
	errs    map[error]int
	longest time.Duration
	wg      sync.WaitGroup
}

func offer(s *legacy.Station, rate int, during time.Duration) *load {
	l := &load{errs: map[error]int{}}
	gap := time.Second / time.Duration(rate)
	for range int(during / gap) {
		began := time.Now()
		l.wg.Go(func() {
			_, err := s.Serve()
			l.mu.Lock()
			defer l.mu.Unlock()
			if err != nil {
				l.errs[err]++
				return
			}
			l.served++
			l.longest = max(l.longest, time.Since(began))
		})
		time.Sleep(gap)
	}
	return l
}

func (l *load) soFar() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.served
}

func within(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance*want {
		t.Errorf("%s: got %.1f, want %.1f ± %.0f %%", what, got, want, 100*tolerance)
	}
}

func TestLatencyIsFlatBelowCapacity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := offer(newStation(even), 50, 10*time.Second)
		l.wg.Wait()
		if l.served != 500 || l.longest != 40*time.Millisecond {
			t.Errorf("served %d, the slowest in %v; want 500 in 40ms", l.served, l.longest)
		}
	})
}

func TestThroughputIsFlatAtCapacity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := offer(newStation(even), 300, 10*time.Second)
		within(t, "throughput of 10 s", float64(l.soFar()), 1000, 0.02)
		l.wg.Wait()
	})
}

func TestWorkersBindWhereTheyAreFewer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		few := even
		few.Workers = 2 // 2 workers at 40 ms each do 50 a second
		l := offer(newStation(few), 200, 10*time.Second)
		within(t, "throughput of 10 s", float64(l.soFar()), 500, 0.02)
		l.wg.Wait()
	})
}

func TestThroughputCollapsesUnderOverloadAndRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := even
		p.Collapse, p.Queue = 1, 850 // full: 900 in flight, 9 × saturation, a ninth of the capacity
		s := newStation(p)
		flood := offer(s, 1000, 10*time.Second)
		before := flood.soFar()
		more := offer(s, 1000, 10*time.Second)
		within(t, "throughput while full", float64(flood.soFar()-before+more.soFar())/10, 100.0/9, 0.1)
		if more.errs[legacy.ErrFull] < 9000 {
			t.Errorf("%d were turned away, want nearly all of 10000", more.errs[legacy.ErrFull])
		}
		flood.wg.Wait()
		more.wg.Wait()
		if got := s.Capacity(); got != 100 {
			t.Errorf("capacity after the flood: %g, want 100", got)
		}
	})
}

func TestStallHoldsEverythingAndNothingIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStation(even)
		l := offer(s, 50, time.Second)
		time.Sleep(5 * time.Millisecond) // past the end of a request, so that none ends with the stall's start
		s.Break(legacy.Fault{Stall: true})
		at := l.soFar()
		more := offer(s, 50, 2*time.Second)
		if l.soFar() != at || more.soFar() != 0 {
			t.Errorf("%d finished during the stall", l.soFar()-at+more.soFar())
		}
		s.Break(legacy.Fault{})
		began := time.Now()
		l.wg.Wait()
		more.wg.Wait()
		if l.served+more.served != 150 {
			t.Errorf("served %d of 150", l.served+more.served)
		}
		// About 102 wait; after the stall they leave at the capacity, not at once.
		within(t, "seconds to drain", time.Since(began).Seconds(), 1.03, 0.05)
	})
}

func TestFaults(t *testing.T) {
	half, thirty := 0.5, 30.0
	f := func(fault legacy.Fault, want map[legacy.Treatment]int, wantErr error, throughput float64) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			s := newStation(even)
			s.Break(fault)
			got, done := map[legacy.Treatment]int{}, 0
			began := time.Now()
			var mu sync.Mutex
			var wg sync.WaitGroup
			for range 2000 {
				wg.Go(func() {
					treatment, err := s.Serve()
					mu.Lock()
					defer mu.Unlock()
					if !errors.Is(err, wantErr) {
						t.Errorf("got error %v, want %v", err, wantErr)
					}
					if err == nil {
						got[treatment]++
						done++
					}
				})
			}
			wg.Wait()
			for treatment, n := range want {
				within(t, "requests of one treatment", float64(got[treatment]), float64(n), 0.15)
			}
			if throughput > 0 {
				within(t, "throughput", float64(done)/time.Since(began).Seconds(), throughput, 0.05)
			}
		})
	}
	f(legacy.Fault{}, map[legacy.Treatment]int{legacy.Honest: 2000}, nil, 100)
	f(legacy.Fault{Down: true}, nil, legacy.ErrDown, 0)
	f(legacy.Fault{CapacityFactor: &half}, map[legacy.Treatment]int{legacy.Honest: 2000}, nil, 50)
	f(legacy.Fault{Capacity: &thirty, CapacityFactor: &half}, nil, nil, 15)
	f(legacy.Fault{ErrorRate: .2, LieRate: .3, LostRate: .4},
		map[legacy.Treatment]int{legacy.Erring: 400, legacy.Lying: 600, legacy.Lost: 800, legacy.Honest: 200}, nil, 100)
	// 50 workers held 2.04 s each.
	f(legacy.Fault{ExtraLatencyMS: 2000}, nil, nil, 24.5)
	second := 1000.0 // the same workers held for 1 s
	f(legacy.Fault{ServiceTimeMS: &second}, nil, nil, 50)
}

func TestCloseLetsEveryoneGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStation(even)
		s.Break(legacy.Fault{Stall: true})
		l := offer(s, 100, 2*time.Second)
		s.Close()
		l.wg.Wait()
		if l.errs[legacy.ErrStopped] != 200 {
			t.Errorf("%v, want 200 of ErrStopped", l.errs)
		}
	})
}
