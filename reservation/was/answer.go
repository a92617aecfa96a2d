package was

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"sunbeon/internal/problem"
	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/upstream"
	"sunbeon/reservation/was/loadgate"
)

// endpoint answers with a status and a body, or with an error that [explain]
// turns into a problem document.
type endpoint func(r *http.Request) (status int, body any, err error)

func (s *Server) serve(e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.metrics.inflight.Inc()
		defer s.metrics.inflight.Dec()
		ctx, cancel := context.WithTimeout(r.Context(), s.cfg.Limits.Deadline)
		defer cancel()
		status, body, err := e(r.WithContext(ctx))
		if err != nil {
			s.explain(ctx, err).Send(w)
			return
		}
		answer := answers.Get().(*bytes.Buffer)
		defer answers.Put(answer)
		answer.Reset()
		if err := json.NewEncoder(answer).Encode(body); err != nil {
			s.explain(ctx, err).Send(w)
			return
		}
		h := w.Header()
		h["Content-Type"], h["Cache-Control"] = jsonType, noStore
		// A long answer of unknown length would go out in chunks, each of which
		// the gate passes on by itself.
		h.Set("Content-Length", strconv.Itoa(answer.Len()))
		w.WriteHeader(status)
		w.Write(answer.Bytes())
	})
}

var (
	jsonType = []string{"application/json"}
	noStore  = []string{"no-store"}
	// answers are the buffers that answers are written in.
	answers = sync.Pool{New: func() any { return new(bytes.Buffer) }}
)

// explain turns any error into what the person is told.
func (s *Server) explain(ctx context.Context, err error) *problem.Problem {
	var (
		ready  *problem.Problem
		rule   *booking.Error
		held   *loadgate.Held
		system *upstream.Error
	)
	switch {
	case errors.As(err, &system): // before its cause, which may be a problem document of the system's own
		return s.explainUpstream(system)
	case errors.As(err, &ready):
		return ready
	case errors.As(err, &rule):
		return refuse(string(rule.Code), rule.Detail)
	case errors.As(err, &held):
		return holdOn()
	case errors.Is(err, ledger.ErrUnknown):
		return refuse("unknown_outcome",
			"The answer is late. Do not book again: we are checking. Sending the same request with its Idempotency-Key tells what became of it.").
			Retry(later(time.Second))
	case errors.Is(err, ledger.ErrBusy), errors.Is(err, ledger.ErrUnavailable):
		s.gates.Hold("ledger")
		return holdOn()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return holdOn()
	}
	s.cfg.Logger.LogAttrs(ctx, slog.LevelError, "request", slog.Any("error", err))
	return refuse("internal", "Something went wrong here. Nothing was booked.")
}

// explainUpstream says which system people are waiting for. An unknown outcome
// there is none here: nothing has been booked, and the same reservation is asked
// for again under the same name.
func (s *Server) explainUpstream(e *upstream.Error) *problem.Problem {
	if errors.Is(e, upstream.ErrDown) {
		return refuse("upstream_down",
			"The "+e.System+" system does not answer. Your turn and what you typed are kept; nothing was booked. "+
				"Meanwhile you can "+strings.Join(goesOn[e.System], ", ")+".").
			With("system", e.System).With("works", goesOn[e.System]).Retry(later(max(e.RetryAfter, 2*time.Second)))
	}
	s.gates.Hold(e.System)
	return holdOn().Retry(later(max(e.RetryAfter, time.Second)))
}

// goesOn is what works without a system.
var goesOn = map[string][]string{
	upstream.SystemEligibility: {"search", "look up", "change", "cancel"},
	upstream.SystemStock:       {"search", "look up", "cancel"},
}

func holdOn() *problem.Problem {
	return refuse("hold_on",
		"Many people are booking at this moment. Please hold on: your turn and what you typed are kept.").Retry(later(time.Second))
}

// later spreads people who were sent away together over twice the time.
func later(d time.Duration) time.Duration { return d + rand.N(d) }
