package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// store is a committer that takes a while and may fail.
type store struct {
	takes time.Duration
	fail  []error // of the next commits
	mu    sync.Mutex
	sizes []int
}

func (s *store) Commit(_ context.Context, gather func() []booking.Request) ([]booking.Outcome, error) {
	batch := gather()
	time.Sleep(s.takes)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sizes = append(s.sizes, len(batch))
	if len(s.fail) > 0 {
		err := s.fail[0]
		s.fail = s.fail[1:]
		if err != nil {
			return nil, err
		}
	}
	outcomes := make([]booking.Outcome, len(batch))
	for i, r := range batch {
		outcomes[i] = booking.Outcome{Code: booking.Done, Serial: int64(r.First)}
	}
	return outcomes, nil
}

func run(t *testing.T, s *store, cfg ledger.WriterConfig) (w *ledger.Writer, stop func()) {
	t.Helper()
	w = ledger.NewWriter(s, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := w.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	return w, func() { cancel(); <-done }
}

func request(n int) booking.Request {
	return booking.Request{Kind: booking.Book, Key: "k", Person: fmt.Sprint(n), First: booking.SlotID(n), Pass: "p"}
}

func TestRequestsThatArriveDuringACommitShareTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{takes: 10 * time.Millisecond}
		w, stop := run(t, s, ledger.WriterConfig{MaxBatch: 50})
		var wg sync.WaitGroup
		call := func(n int) {
			wg.Go(func() {
				out, err := w.Submit(t.Context(), request(n))
				if err != nil || out.Serial != int64(n) {
					t.Errorf("request %d got %+v, %v", n, out, err)
				}
			})
		}
		call(1)
		synctest.Wait() // the first is being committed
		for n := range 120 {
			call(n + 2)
		}
		wg.Wait()
		stop()
		if fmt.Sprint(s.sizes) != "[1 50 50 20]" {
			t.Errorf("batches of %v", s.sizes)
		}
	})
}

func TestALostBatchIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{fail: []error{fmt.Errorf("%w: connection lost", ledger.ErrUnknown), errors.New("starting up")}}
		w, stop := run(t, s, ledger.WriterConfig{})
		defer stop()
		if out, err := w.Submit(t.Context(), request(1)); err != nil || out.Code != booking.Done {
			t.Errorf("got %+v, %v", out, err)
		}
	})
}

func TestWhatMayHaveBeenCommittedStaysUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("down")
		f := func(want error, fail ...error) {
			t.Helper()
			w, stop := run(t, &store{fail: fail}, ledger.WriterConfig{})
			defer stop()
			if _, err := w.Submit(t.Context(), request(1)); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		}
		f(ledger.ErrUnavailable, down, down, down, down)
		f(ledger.ErrUnknown, fmt.Errorf("%w: lost", ledger.ErrUnknown), down, down, down)
	})
}

func TestCallersWhoLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{takes: time.Second}
		w, stop := run(t, s, ledger.WriterConfig{MaxQueue: 2})
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		var wg sync.WaitGroup
		leave := func(n int) {
			wg.Go(func() {
				if _, err := w.Submit(ctx, request(n)); !errors.Is(err, ledger.ErrUnknown) {
					t.Errorf("request %d: %v", n, err)
				}
			})
			synctest.Wait()
		}
		leave(1) // in the batch
		leave(2) // in the queue
		leave(3)
		if _, err := w.Submit(t.Context(), request(4)); !errors.Is(err, ledger.ErrBusy) {
			t.Errorf("a full queue: %v", err)
		}
		wg.Wait()
		stop()
		if fmt.Sprint(s.sizes) != "[1 0]" {
			t.Errorf("batches of %v: nobody waits for 2 and 3 any more", s.sizes)
		}
	})
}

func TestWhatIsQueuedIsCommittedAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{takes: time.Second}
		w, stop := run(t, s, ledger.WriterConfig{MaxBatch: 1})
		var wg sync.WaitGroup
		for n := range 3 {
			wg.Go(func() {
				if _, err := w.Submit(t.Context(), request(n+1)); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		stop()
		wg.Wait()
	})
}
