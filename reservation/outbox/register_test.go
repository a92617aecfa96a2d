package outbox_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/outbox"
	"sunbeon/reservation/upstream"
)

// register keeps what it was told and has an opinion.
type register struct {
	told map[string]upstream.Report
	says upstream.Verdict
	err  error
}

func (r *register) Report(_ context.Context, number string, report upstream.Report) (upstream.Verdict, error) {
	if r.err != nil {
		return upstream.Verdict{}, r.err
	}
	r.told[number] = report
	return r.says, nil
}

// Where eligibility is imported the register hears of bookings, again and again
// without harm, and what it would have refused is counted and named.
func TestTheRegisterHearsOfBookings(t *testing.T) {
	h := newHouse(t, func(int64) int { return http.StatusOK })
	var log bytes.Buffer
	reg := &register{told: map[string]upstream.Report{}, says: upstream.Verdict{Eligible: true}}
	disputed := outbox.NewDisputed(prometheus.NewRegistry())
	sink := &outbox.Registration{Register: reg, Bookings: h.store, Sealer: h.sealer, Disputed: disputed, Logger: slog.New(slog.NewTextHandler(&log, nil))}
	h.do(t, book(1))
	h.do(t, booking.Request{Kind: booking.Cancel, Key: "c", Person: book(1).Person, Serial: 1, TimeMS: 2})
	h.do(t, book(2))
	events, err := h.store.Events(t.Context(), 0, 10)
	if err != nil || len(events) != 3 {
		t.Fatal(events, err)
	}
	deliver := func(e booking.Event) error { return sink.Deliver(t.Context(), e) }
	for range 2 {
		for _, e := range events {
			if err := deliver(e); err != nil {
				t.Error(err)
			}
		}
	}
	one, two := string(booking.NumberOf(events[0].Serial)), string(booking.NumberOf(events[2].Serial))
	if reg.told[one].Live || !reg.told[two].Live || reg.told[two].CI != "ci" || reg.told[two].Birth != "1990-02-28" {
		t.Errorf("the register was told %+v", reg.told)
	}
	if n := testutil.ToFloat64(disputed); n != 0 {
		t.Errorf("%v disputed", n)
	}
	reg.says = upstream.Verdict{Reason: "already_vaccinated"}
	if err := deliver(events[2]); err != nil {
		t.Error(err)
	}
	if n := testutil.ToFloat64(disputed); n != 1 || !strings.Contains(log.String(), two) || strings.Contains(log.String(), "홍길동") {
		t.Errorf("%v disputed, logged %s", n, log.String())
	}
	reg.err = &upstream.Error{System: "eligibility", Kind: upstream.ErrDown, Cause: errDown}
	if err := deliver(events[2]); !errors.Is(err, upstream.ErrDown) || errors.Is(err, outbox.ErrRefused) {
		t.Errorf("while the register is down: %v", err)
	}
	reg.err = &upstream.Refusal{System: "eligibility", Code: "invalid_report"}
	if err := deliver(events[2]); !errors.Is(err, outbox.ErrRefused) {
		t.Errorf("what it will never take: %v", err)
	}
}
