package upstream_test

import (
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sunbeon/reservation/upstream"
	"sunbeon/reservation/upstream/legacy"
)

func TestRetriesStayWithinTheirBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := upstream.DefaultLimits(upstream.SystemEligibility)
		limits.MinCalls = 1e6 // keeps the breaker out of it
		s := &script{answers: []transport{sick}}
		e := newEligibility(t, config(s.transport(), limits))
		for range 1000 {
			if _, err := e.Check(t.Context(), upstream.Applicant{}); !errors.Is(err, upstream.ErrDown) {
				t.Fatal(err)
			}
		}
		if s.attempts < 1100 || s.attempts > 1110 {
			t.Errorf("%d attempts for 1000 calls, want a tenth more and the 10 saved up", s.attempts)
		}
	})
}

func TestBulkheadBoundsWhatIsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := upstream.DefaultLimits(upstream.SystemStock)
		limits.InFlight = 5
		var now, most atomic.Int64
		stock := newStock(t, config(func(r *http.Request) (*http.Response, error) {
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			return silent(r)
		}, limits))
		var wg sync.WaitGroup
		var turnedAway atomic.Int64
		began := time.Now()
		for range 50 {
			wg.Go(func() {
				if err := stock.Reserve(t.Context(), order); errors.Is(err, upstream.ErrBusy) {
					turnedAway.Add(1)
					if waited := time.Since(began); waited != limits.MaxWait {
						t.Errorf("turned away after %v, want %v", waited, limits.MaxWait)
					}
				}
			})
		}
		wg.Wait()
		if most.Load() != 5 || turnedAway.Load() != 45 {
			t.Errorf("%d in flight and %d turned away, want 5 and 45", most.Load(), turnedAway.Load())
		}
		if took := time.Since(began); took != limits.Deadline {
			t.Errorf("took %v, want the deadline", took)
		}
	})
}

// naive asks up to four times with a second's patience and no other restraint.
func naive(t transport) func(*testing.T) bool {
	client := &http.Client{Transport: t, Timeout: time.Second}
	return func(t *testing.T) bool {
		for range 4 {
			resp, err := client.Post("https://legacy/eligibility", "application/json", nil)
			if err == nil && resp.StatusCode == http.StatusOK {
				return true
			}
		}
		return false
	}
}

// TestRetryStormDiesOut stalls a system that collapses under overload for ten
// seconds, at 80 % load. Naive clients keep it down for good by asking again;
// through the guard it recovers by itself.
func TestRetryStormDiesOut(t *testing.T) {
	const rate = 80
	profile := legacy.Profile{
		Capacity: 100, ServiceTime: 40 * time.Millisecond, Workers: 50,
		Queue: legacy.Unbounded, Saturation: 50, Collapse: 1,
	}
	// after returns the share of calls that succeed between 10 and 20 s after
	// the stall, the requests the system saw a call, and the calls' longest
	// time.
	after := func(t *testing.T, client func(transport) func(*testing.T) bool) (share, perCall float64, longest time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			s, handler := station(profile)
			var seen atomic.Int64
			call := client(to(handler, &seen))
			var mu sync.Mutex
			var wg sync.WaitGroup
			offer := func(during time.Duration) (good, all int) {
				good, all = 0, 0
				var mine sync.WaitGroup
				for range int(during.Seconds() * rate) {
					all++
					mine.Add(1)
					wg.Go(func() {
						defer mine.Done()
						began := time.Now()
						ok := call(t)
						mu.Lock()
						defer mu.Unlock()
						longest = max(longest, time.Since(began))
						if ok {
							good++
						}
					})
					time.Sleep(time.Second / rate)
				}
				mine.Wait()
				return good, all
			}
			if good, all := offer(5 * time.Second); good != all {
				t.Errorf("before the stall %d of %d succeeded", good, all)
			}
			go offer(20 * time.Second)
			time.Sleep(50 * time.Millisecond)
			s.Break(legacy.Fault{Stall: true})
			time.Sleep(10 * time.Second)
			s.Break(legacy.Fault{})
			time.Sleep(10 * time.Second)
			good, all := offer(10 * time.Second)
			share = float64(good) / float64(all)
			perCall = float64(seen.Load()) / float64(35*rate)
			s.Close() // ends whatever still waits
			wg.Wait()
		})
		return share, perCall, longest
	}

	share, perCall, longest := after(t, func(network transport) func(*testing.T) bool {
		e := newEligibility(t, config(network, upstream.DefaultLimits(upstream.SystemEligibility)))
		return func(t *testing.T) bool {
			_, err := e.Check(t.Context(), upstream.Applicant{})
			return err == nil
		}
	})
	if share < 0.99 {
		t.Errorf("10 s after the stall %.0f %% of calls succeed, want all", 100*share)
	}
	if perCall > 1.1 {
		t.Errorf("the system saw %.2f requests a call, want at most 1.1", perCall)
	}
	if longest > 3*time.Second {
		t.Errorf("a call took %v, want at most its deadline and its wait", longest)
	}
	if share, _, _ := after(t, naive); share > 0.1 {
		t.Errorf("naive clients succeed with %.0f %%: the scenario is no storm", 100*share)
	}
}

func TestBreakerNamesADeadSystemQuickly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, handler := station(legacy.Profile{Capacity: 100, ServiceTime: 40 * time.Millisecond})
		var seen atomic.Int64
		e := newEligibility(t, config(to(handler, &seen), upstream.Limits{}))
		// ask calls 50 times a second and tells what the last calls learned.
		ask := func(during time.Duration) (last error) {
			var mu sync.Mutex
			var wg sync.WaitGroup
			for range int(during.Seconds() * 50) {
				wg.Go(func() {
					_, err := e.Check(t.Context(), upstream.Applicant{})
					mu.Lock()
					defer mu.Unlock()
					last = err
				})
				time.Sleep(20 * time.Millisecond)
				synctest.Wait()
			}
			wg.Wait()
			return last
		}
		if err := ask(5 * time.Second); err != nil {
			t.Fatal(err)
		}
		s.Break(legacy.Fault{Down: true})
		before := seen.Load()
		if err := ask(20 * time.Second); !errors.Is(err, upstream.ErrDown) {
			t.Errorf("while down: %v, want ErrDown", err)
		}
		// 1000 calls: three seconds until the window tips, then probes only.
		if asked := seen.Load() - before; asked > 300 {
			t.Errorf("a dead system was asked %d times in 20 s", asked)
		}
		s.Break(legacy.Fault{})
		ask(3 * time.Second)
		if err := ask(time.Second); err != nil {
			t.Errorf("three seconds after it came back: %v", err)
		}
	})
}
