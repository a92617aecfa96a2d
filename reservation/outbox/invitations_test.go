package outbox_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/outbox"
	"sunbeon/reservation/upstream"
)

// judge is a register whose rules can be corrected.
type judge func(upstream.Applicant) (upstream.Verdict, error)

func (f judge) Check(_ context.Context, a upstream.Applicant) (upstream.Verdict, error) { return f(a) }

func (h *house) refuse(t *testing.T, at time.Time, persons ...int) {
	t.Helper()
	var list []ledger.Refusal
	for _, i := range persons {
		ref := book(i).Person
		sealed, err := h.sealer.Seal(ref, booking.Person{Name: "홍길동", Birth: "1990-02-28", Phone: "010-1", CI: ref})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, ledger.Refusal{Person: ref, Cohort: "c", Reason: "birth_date", Sealed: sealed, TimeMS: at.UnixMilli()})
	}
	if err := h.store.Refused(t.Context(), list); err != nil {
		t.Fatal(err)
	}
}

func TestACorrectedRuleInvitesBack(t *testing.T) {
	broken := false
	h := newHouse(t, func(int64) int {
		if broken {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	})
	now := time.Now()
	h.refuse(t, now, 1, 2, 3)
	h.refuse(t, now.Add(-31*24*time.Hour), 4)
	eligible := map[string]bool{}
	var registerDown error
	v := &outbox.Invitations{
		Ledger: h.store, Sealer: h.sealer, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now },
		Inviter: &outbox.Webhook{URL: h.url, HTTP: http.DefaultClient},
		Judge: judge(func(a upstream.Applicant) (upstream.Verdict, error) {
			if a.Cohort != "c" || a.Birth != "1990-02-28" {
				t.Errorf("asked about %+v", a)
			}
			return upstream.Verdict{Eligible: eligible[a.CI], Reason: "birth_date"}, registerDown
		}),
	}
	round := func(wantErr error) {
		t.Helper()
		next, err := v.Round(t.Context(), 0)
		if !errors.Is(err, wantErr) || (err == nil) != (wantErr == nil) || err == nil && next != 0 {
			t.Errorf("round: %d, %v; want %v", next, err, wantErr)
		}
	}
	left := func(want int) {
		t.Helper()
		list, err := h.store.Refusals(t.Context(), 0, 10)
		if err != nil || len(list) != want {
			t.Errorf("%d refusals left, %v; want %d", len(list), err, want)
		}
	}
	round(nil)
	left(3) // nobody is kept longer than a month
	if n := len(h.centre.messages()); n != 0 {
		t.Fatalf("%d invited before anything was corrected", n)
	}
	registerDown = &upstream.Error{System: "eligibility", Kind: upstream.ErrDown, Cause: errDown}
	round(upstream.ErrDown)
	left(3)

	registerDown, broken = nil, true
	eligible[book(1).Person] = true
	if _, err := v.Round(t.Context(), 0); err == nil {
		t.Error("a message that did not arrive was taken for sent")
	}
	left(3)
	broken = false
	round(nil)
	round(nil)
	left(2)
	messages := h.centre.messages()
	for _, m := range messages {
		if m.Kind != outbox.Invited || m.Phone != "010-1" || m.Text["ko"] == "" || m.Text["en"] == "" {
			t.Errorf("message %+v", m)
		}
	}
	if len(messages) != 1 {
		t.Errorf("%d messages to one person", len(messages))
	}

	h.do(t, book(2)) // came by themselves
	eligible[book(2).Person] = true
	round(nil)
	left(1)
	if n := len(h.centre.messages()); n != 1 {
		t.Errorf("%d messages; who has booked is not invited", n)
	}
}

// A live register is asked no faster than it is meant to be, and a round that
// was cut short goes on where it stopped.
func TestInvitationsKeepTheirPace(t *testing.T) {
	h := newHouse(t, func(int64) int { return http.StatusOK })
	h.refuse(t, time.Now(), 1, 2, 3, 4, 5)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	asked := map[string]int{}
	v := &outbox.Invitations{
		Ledger: h.store, Sealer: h.sealer, Logger: slog.New(slog.DiscardHandler), Pace: 20,
		Judge: judge(func(a upstream.Applicant) (upstream.Verdict, error) {
			if asked[a.CI]++; len(asked) == 3 {
				cancel()
			}
			return upstream.Verdict{Reason: "no"}, nil
		}),
	}
	began := time.Now()
	after, err := v.Round(ctx, 0)
	if took := time.Since(began); err != nil || after == 0 || len(asked) != 3 || took < 90*time.Millisecond {
		t.Fatalf("asked about %d in %v, stopped at %d, %v; want 3, 50 ms apart", len(asked), took, after, err)
	}
	if after, err = v.Round(t.Context(), after); err != nil || after != 0 {
		t.Errorf("went on to %d, %v", after, err)
	}
	for who, n := range asked {
		if n != 1 {
			t.Errorf("asked %d times about %s", n, who)
		}
	}
	if len(asked) != 5 {
		t.Errorf("asked about %d of 5", len(asked))
	}
}

// One person about whom the register has no answer holds up nobody behind them.
func TestAnInvitationHoldsUpNobodyElse(t *testing.T) {
	h := newHouse(t, func(int64) int { return http.StatusOK })
	h.refuse(t, time.Now(), 1, 2, 3)
	v := &outbox.Invitations{
		Ledger: h.store, Sealer: h.sealer, Logger: slog.New(slog.DiscardHandler),
		Inviter: &outbox.Webhook{URL: h.url, HTTP: http.DefaultClient},
		Judge: judge(func(a upstream.Applicant) (upstream.Verdict, error) {
			if a.CI == book(1).Person {
				return upstream.Verdict{}, &upstream.Error{System: "eligibility", Kind: upstream.ErrDown, Cause: errDown}
			}
			return upstream.Verdict{Eligible: true}, nil
		}),
	}
	next, err := v.Round(t.Context(), 0)
	if !errors.Is(err, upstream.ErrDown) {
		t.Fatal(err)
	}
	if next, err = v.Round(t.Context(), next); err != nil || next != 0 {
		t.Errorf("went on to %d, %v", next, err)
	}
	if n := len(h.centre.messages()); n != 2 {
		t.Errorf("%d invited, want the other 2", n)
	}
}

func TestWhoseSlotWasWithdrawnIsTold(t *testing.T) {
	h := newHouse(t, func(int64) int { return http.StatusOK })
	h.do(t, book(1))
	if err := h.store.Withdraw(t.Context(), []booking.SlotID{1}, 99); err != nil {
		t.Fatal(err)
	}
	events, err := h.store.Events(t.Context(), 0, 10)
	if err != nil || len(events) != 2 {
		t.Fatal(events, err)
	}
	centre := &outbox.Webhook{
		URL: h.url, HTTP: http.DefaultClient, Bookings: h.store, Sealer: h.sealer,
		Appointment: func(booking.SlotID) (outbox.Appointment, bool) { return outbox.Appointment{Date: "2021-08-26"}, true },
	}
	if err := centre.Deliver(t.Context(), events[1]); err != nil {
		t.Fatal(err)
	}
	for _, m := range h.centre.messages() {
		if m.Kind != booking.Withdrawn || m.Number == "" || m.Phone != "010-1" {
			t.Errorf("message %+v", m)
		}
	}
}
