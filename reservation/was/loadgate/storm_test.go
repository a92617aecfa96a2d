package loadgate_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sunbeon/reservation/was/loadgate"
)

// resource serves so many at once, each for a while, and queues the rest inside
// without limit, as an old core does. It can be stalled.
type resource struct {
	places chan struct{}
	takes  time.Duration
	mu     sync.Mutex
	mended chan struct{} // closed while it is well
}

func newResource(places int, takes time.Duration) *resource {
	r := &resource{places: make(chan struct{}, places), takes: takes, mended: make(chan struct{})}
	close(r.mended)
	return r
}

func (r *resource) stall() { r.mu.Lock(); r.mended = make(chan struct{}); r.mu.Unlock() }
func (r *resource) mend()  { r.mu.Lock(); close(r.mended); r.mu.Unlock() }

// use takes as long as it takes; one who gives up leaves their work behind.
func (r *resource) use(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.places <- struct{}{}
		r.mu.Lock()
		mended := r.mended
		r.mu.Unlock()
		<-mended
		time.Sleep(r.takes)
		<-r.places
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A crowd comes at 80 % of what a resource can do, everybody tries again after
// being told to hold on or timing out, and the resource stalls for five seconds.
// Without the gate the retries would keep it busy for ever with work nobody waits
// for. With it the storm dies out.
func TestARetryStormDiesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const (
			takes    = 50 * time.Millisecond
			places   = 10 // 200 a second
			arrivals = 160
			patience = 2 * time.Second
			evening  = 60 * time.Second // the backlog of the stall takes half of it
		)
		r := newResource(places, takes)
		g := loadgate.New(loadgate.Config{Resource: "stock", Limit: 64, Least: 8, Queue: 512, Bound: bound})
		rng := rand.New(rand.NewPCG(1, 1))
		var mu sync.Mutex
		served := map[int]int{} // by second of service
		refusedFast, refusedSlow := 0, 0
		began := time.Now()
		second := func() int { return int(time.Since(began) / time.Second) }
		var people sync.WaitGroup
		visit := func(pause func() time.Duration) {
			for time.Since(began) < evening {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				asked := time.Now()
				leave, err := g.Enter(ctx, loadgate.Booking)
				if err == nil {
					err = r.use(ctx)
					leave()
				} else if at := second(); at >= 6 && at < 10 {
					mu.Lock()
					if time.Since(asked) == 0 {
						refusedFast++
					} else {
						refusedSlow++
					}
					mu.Unlock()
				}
				cancel()
				if err == nil {
					mu.Lock()
					served[second()]++
					mu.Unlock()
					return
				}
				time.Sleep(pause())
			}
		}
		go func() { time.Sleep(5 * time.Second); r.stall(); time.Sleep(5 * time.Second); r.mend() }()
		for range arrivals * int(evening/time.Second) {
			time.Sleep(time.Second / arrivals)
			mu.Lock()
			jitter := time.Second + time.Duration(rng.Int64N(int64(time.Second)))
			mu.Unlock()
			people.Go(func() { visit(func() time.Duration { return jitter }) })
		}
		people.Wait()
		if n := served[3] + served[4]; n < 2*arrivals*9/10 {
			t.Errorf("%d served in two seconds before the stall, want %d", n, 2*arrivals)
		}
		if refusedFast < 4*refusedSlow {
			t.Errorf("a second after the stall %d were turned away at once and %d only after waiting", refusedFast, refusedSlow)
		}
		after := 0
		for s := 12; s < 17; s++ {
			after += served[s]
		}
		if capacity := 5 * places * int(time.Second/takes); after < capacity*8/10 {
			t.Errorf("%d served in the five seconds from two seconds after the stall, the resource could do %d", after, capacity)
		}
		last := 0
		for s := 50; s < 54; s++ {
			last += served[s]
		}
		if last < 4*arrivals*9/10 || last > 4*arrivals*11/10 {
			t.Errorf("%d served in four seconds at the end, %d came: the storm is not over", last, 4*arrivals)
		}
	})
}

// A resource that gets slower the more it is given is given less, within a
// second, and more again when it is well.
func TestTheLimitFollowsTheResource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := loadgate.New(loadgate.Config{Resource: "stock", Limit: 64, Least: 4, Queue: 4096, Bound: bound})
		var mu sync.Mutex
		takes, inside, most := 20*time.Millisecond, 0, 0
		ctx, cancel := context.WithCancel(t.Context())
		var callers sync.WaitGroup
		for range 200 {
			callers.Go(func() {
				for ctx.Err() == nil {
					leave, err := g.Enter(ctx, loadgate.Booking)
					if err != nil {
						time.Sleep(10 * time.Millisecond)
						continue
					}
					mu.Lock()
					inside++
					most = max(most, inside)
					d := takes
					mu.Unlock()
					time.Sleep(d)
					mu.Lock()
					inside--
					mu.Unlock()
					leave()
				}
			})
		}
		peak := func(d time.Duration) int {
			mu.Lock()
			most = inside
			mu.Unlock()
			time.Sleep(d)
			mu.Lock()
			defer mu.Unlock()
			return most
		}
		set := func(d time.Duration) { mu.Lock(); takes = d; mu.Unlock() }
		if n := peak(2 * time.Second); n != 64 {
			t.Errorf("%d at once while it is well, want the most", n)
		}
		set(200 * time.Millisecond)
		time.Sleep(time.Second)
		if n := peak(500 * time.Millisecond); n > 20 {
			t.Errorf("%d at once a second after it became ten times slower", n)
		}
		set(20 * time.Millisecond)
		time.Sleep(4 * time.Second)
		if n := peak(time.Second); n < 48 {
			t.Errorf("%d at once when it is well again", n)
		}
		cancel()
		callers.Wait()
	})
}

// However long a resource is asked for more than it can do, the queue stays in
// front of the gate, where people are sorted: what is normal for it stays what it
// takes when it is well.
func TestALongRushDoesNotBecomeNormal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newResource(4, 40*time.Millisecond) // a hundred a second
		g := loadgate.New(loadgate.Config{Resource: "stock", Limit: 64, Least: 4, Queue: 4096, Bound: bound})
		ctx, cancel := context.WithCancel(t.Context())
		var mu sync.Mutex
		var took time.Duration
		done := 0
		var callers sync.WaitGroup
		for range 300 {
			callers.Go(func() {
				for ctx.Err() == nil {
					leave, err := g.Enter(ctx, loadgate.Booking)
					if err != nil {
						time.Sleep(time.Second)
						continue
					}
					began := time.Now()
					r.use(context.Background())
					leave()
					mu.Lock()
					took += time.Since(began)
					done++
					mu.Unlock()
				}
			})
		}
		time.Sleep(2 * time.Minute)
		mu.Lock()
		took, done = 0, 0
		mu.Unlock()
		time.Sleep(10 * time.Second)
		mu.Lock()
		if done < 950 || took > time.Duration(done)*200*time.Millisecond {
			t.Errorf("%d answers in ten seconds, each after %v; want a thousand, each within 200 ms", done, took/time.Duration(max(1, done)))
		}
		mu.Unlock()
		cancel()
		callers.Wait()
	})
}
