package legacy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"sunbeon/internal/problem"
)

const maxBody = 64 << 10

// reply is an answer before it is sent. A body that is a *problem.Problem is
// an error; a nil one has no content.
type reply struct {
	status int
	body   any
}

func refuse(status int, code string, err error) reply {
	return reply{status, problem.New(status, code, err.Error())}
}

func (p reply) send(w http.ResponseWriter) {
	switch body := p.body.(type) {
	case nil:
		w.WriteHeader(p.status)
	case *problem.Problem:
		body.Send(w)
	default:
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(p.status)
		json.NewEncoder(w).Encode(body)
	}
}

// decode reads a request's body strictly. Where it reports false it has
// answered already.
func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil {
		if _, more := decoder.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("more than one JSON value")
		}
	}
	if err == nil {
		return true
	}
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		problem.Write(w, http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("body is larger than %d bytes", tooLarge.Limit))
		return false
	}
	problem.Write(w, http.StatusBadRequest, "malformed", err.Error())
	return false
}

// through takes a request through a system and sends what act returns. act
// runs when the work is done, also for a client that has gone meanwhile, and
// is told whether to lie.
func (s *Simulator) through(w http.ResponseWriter, system string, act func(lying bool) reply) {
	began := time.Now()
	outcome := "ok"
	defer func() { s.metrics.observe(system, outcome, time.Since(began)) }()
	treatment, err := s.stations[system].Serve()
	switch {
	case errors.Is(err, ErrFull):
		outcome = "busy"
		problem.WriteRetry(w, http.StatusServiceUnavailable, "busy", system+": "+err.Error(), time.Second)
		return
	case err != nil:
		outcome = "down"
		problem.Write(w, http.StatusServiceUnavailable, "down", system+": "+err.Error())
		return
	}
	switch treatment {
	case Erring:
		outcome = "error"
		problem.Write(w, http.StatusInternalServerError, "system_error", system+" could not do it")
		return
	case Lost:
		outcome = "lost"
		act(false)
		panic(http.ErrAbortHandler) // drops the connection without an answer
	case Lying:
		outcome = "lie"
	}
	answer := act(treatment == Lying)
	if answer.status >= 400 && treatment == Honest {
		outcome = "refused"
	}
	answer.send(w)
}
