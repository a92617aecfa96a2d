package loadgate_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sunbeon/reservation/was/loadgate"
)

const bound = 800 * time.Millisecond

func newGate(limit, queue int) *loadgate.Gate {
	return loadgate.New(loadgate.Config{Resource: "stock", Limit: limit, Queue: queue, Bound: bound})
}

func enter(t *testing.T, g *loadgate.Gate, rank loadgate.Rank) func() {
	t.Helper()
	leave, err := g.Enter(t.Context(), rank)
	if err != nil {
		t.Fatal(err)
	}
	return leave
}

func wantHeld(t *testing.T, err error) {
	t.Helper()
	var held *loadgate.Held
	if !errors.As(err, &held) || held.Resource != "stock" {
		t.Errorf("got %v, want to be held by stock", err)
	}
}

func TestFurtherAlongGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 10)
		leave := enter(t, g, loadgate.Entering)
		var mu sync.Mutex
		var order []loadgate.Rank
		for _, rank := range []loadgate.Rank{loadgate.Entering, loadgate.Booking, loadgate.Searching, loadgate.Booking} {
			go func() {
				out := enter(t, g, rank)
				mu.Lock()
				order = append(order, rank)
				mu.Unlock()
				out()
			}()
			synctest.Wait()
		}
		leave()
		leave() // once too often does no harm
		synctest.Wait()
		want := []loadgate.Rank{loadgate.Booking, loadgate.Booking, loadgate.Searching, loadgate.Entering}
		for i := range want {
			if i >= len(order) || order[i] != want[i] {
				t.Fatalf("order %v, want %v", order, want)
			}
		}
	})
}

func TestNobodyWaitsLongerThanTheBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 10)
		defer enter(t, g, loadgate.Booking)()
		began := time.Now()
		_, err := g.Enter(t.Context(), loadgate.Booking)
		wantHeld(t, err)
		if waited := time.Since(began); waited != bound {
			t.Errorf("waited %v, want %v", waited, bound)
		}
		// By now the resource is stalled: the next is turned away at once.
		time.Sleep(time.Millisecond)
		began = time.Now()
		_, err = g.Enter(t.Context(), loadgate.Booking)
		wantHeld(t, err)
		if waited := time.Since(began); waited != 0 {
			t.Errorf("waited %v for a stalled resource", waited)
		}
	})
}

func TestAStalledResourceRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(2, 10)
		first, second := enter(t, g, loadgate.Booking), enter(t, g, loadgate.Booking)
		time.Sleep(10 * time.Second)
		first()
		enter(t, g, loadgate.Entering)()
		second()
	})
}

func TestAFullQueueSendsAwayWhoIsLeastFarAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 1)
		leave := enter(t, g, loadgate.Booking)
		evicted := make(chan error, 1)
		go func() {
			_, err := g.Enter(t.Context(), loadgate.Searching)
			evicted <- err
		}()
		synctest.Wait()
		_, err := g.Enter(t.Context(), loadgate.Searching)
		wantHeld(t, err) // no further along than the one who waits
		entered := make(chan func(), 1)
		go func() { entered <- enter(t, g, loadgate.Booking) }()
		synctest.Wait()
		wantHeld(t, <-evicted)
		leave()
		(<-entered)()
		enter(t, g, loadgate.Entering)() // every place came back
	})
}

func TestOneWhoLeavesTheQueueGivesNothingAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 10)
		leave := enter(t, g, loadgate.Booking)
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() {
			_, err := g.Enter(ctx, loadgate.Booking)
			left <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		leave()
		enter(t, g, loadgate.Entering)()
	})
}
