package upstream_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"sunbeon/reservation/upstream"
)

var (
	dropped = transport(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF })
	silent  = transport(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	taken  = status(201, `{"key":"k","institution":"i","vaccine":"v","date":"2021-08-23","doses":2}`)
	full   = status(503, `{"code":"busy","retry_after_ms":3000}`, "Retry-After", "3")
	closed = status(503, `{"code":"down"}`)
	sick   = status(500, `{"code":"system_error"}`)
	none   = status(409, `{"code":"no_stock","detail":"0 left"}`)
)

var order = upstream.Reservation{Key: "k", Institution: "i", Vaccine: "v", Date: "2021-08-23", Doses: 2}

func TestWhatACallerLearnsOfAWrite(t *testing.T) {
	f := func(name string, wantErr error, wantAttempts int, answers ...transport) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			s := &script{answers: answers}
			err := newStock(t, config(s.transport(), upstream.DefaultLimits(upstream.SystemStock))).Reserve(t.Context(), order)
			if !errors.Is(err, wantErr) || s.attempts != wantAttempts {
				t.Errorf("%s: got %v after %d attempts, want %v after %d", name, err, s.attempts, wantErr, wantAttempts)
			}
			if e := new(upstream.Error); wantErr != nil && (!errors.As(err, &e) || e.System != upstream.SystemStock) {
				t.Errorf("%s: %v does not name the system", name, err)
			}
		})
	}
	f("taken", nil, 1, taken)
	f("down", upstream.ErrDown, 3, closed)
	f("down, then up", nil, 2, closed, taken)
	f("busy is not asked again", upstream.ErrBusy, 1, full)
	f("silence is not asked again", upstream.ErrUnknown, 1, silent)
	f("sick", upstream.ErrUnknown, 3, sick)
	f("lost", upstream.ErrUnknown, 3, dropped)
	f("lost, then settled by the key", nil, 2, dropped, taken)
	f("lost, then turned away: still open", upstream.ErrUnknown, 2, dropped, full)
	f("lost, then down: still open", upstream.ErrUnknown, 3, dropped, closed)
	f("another's reservation", upstream.ErrUnknown, 3, status(201, `{"key":"other"}`))
	f("nonsense", upstream.ErrUnknown, 3, status(200, `<html>`))
	f("a proxy that knows no such address", upstream.ErrUnknown, 3, status(404, `<html>`))
	f("a door that takes our certificate no more", upstream.ErrUnknown, 3, status(403, `{"code":"wrong_role"}`))
	f("moved elsewhere", upstream.ErrUnknown, 3, status(302, ``, "Location", "https://elsewhere/stock"))
}

func TestRefusalIsDefinite(t *testing.T) {
	for name, answers := range map[string][]transport{"at once": {none}, "after a lost answer": {dropped, none}} {
		s := &script{answers: answers}
		err := newStock(t, config(s.transport(), upstream.Limits{})).Reserve(t.Context(), order)
		var refusal *upstream.Refusal
		if !errors.As(err, &refusal) || refusal.Code != upstream.CodeNoStock || refusal.Detail != "0 left" {
			t.Errorf("%s: got %v, want the refusal", name, err)
		}
	}
}

func TestWhatACallerLearnsOfARead(t *testing.T) {
	f := func(name string, answer transport, want upstream.Verdict, wantErr error, retryAfter time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			e := newEligibility(t, config(answer, upstream.Limits{}))
			got, err := e.Check(t.Context(), upstream.Applicant{})
			if got != want || !errors.Is(err, wantErr) {
				t.Errorf("%s: got %+v, %v; want %+v, %v", name, got, err, want, wantErr)
			}
			if problem := new(upstream.Error); errors.As(err, &problem) && problem.RetryAfter != retryAfter {
				t.Errorf("%s: retry after %v, want %v", name, problem.RetryAfter, retryAfter)
			}
		})
	}
	f("yes", status(200, `{"eligible":true}`), upstream.Verdict{Eligible: true}, nil, 0)
	f("no", status(200, `{"reason":"already_vaccinated"}`), upstream.Verdict{Reason: "already_vaccinated"}, nil, 0)
	f("no, without a reason", status(200, `{}`), upstream.Verdict{}, upstream.ErrDown, 0)
	f("a slow read had no effect", silent, upstream.Verdict{}, upstream.ErrBusy, time.Second)
	f("a lost read had no effect", dropped, upstream.Verdict{}, upstream.ErrDown, 0)
	f("busy", full, upstream.Verdict{}, upstream.ErrBusy, 3*time.Second)
}

func TestLookup(t *testing.T) {
	f := func(answer transport, want upstream.Reservation, wantHeld bool, wantErr error) {
		t.Helper()
		got, held, err := newStock(t, config(answer, upstream.Limits{})).Lookup(t.Context(), "k")
		if got != want || held != wantHeld || !errors.Is(err, wantErr) {
			t.Errorf("got %+v, %v, %v; want %+v, %v, %v", got, held, err, want, wantHeld, wantErr)
		}
	}
	f(taken, order, true, nil)
	f(status(404, `{"code":"no_reservation"}`), upstream.Reservation{}, false, nil)
	f(full, upstream.Reservation{}, false, upstream.ErrBusy)
}

// A caller that leaves must not make the client forget a write that is under
// way: the system goes on with it.
func TestAttemptOutlivesItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := transport(func(r *http.Request) (*http.Response, error) {
			select {
			case <-time.After(time.Second):
				return taken(r)
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		stock := newStock(t, config(slow, upstream.Limits{}))
		if err := stock.Reserve(ctx, order); err != nil {
			t.Errorf("the reservation was made but the call says %v", err)
		}
		if err := stock.Reserve(ctx, order); !errors.Is(err, context.Canceled) {
			t.Errorf("a call by someone who has gone: %v, want context.Canceled", err)
		}
		began := time.Now()
		hurried, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if err := stock.Reserve(hurried, order); !errors.Is(err, upstream.ErrUnknown) || time.Since(began) != 300*time.Millisecond {
			t.Errorf("under the caller's deadline: %v after %v, want ErrUnknown after 300ms", err, time.Since(began))
		}
	})
}
