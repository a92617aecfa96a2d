package legacy

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"sunbeon/internal/problem"
)

// Report is what the register is told of a booking.
type Report struct {
	Applicant
	Live bool `json:"live" doc:"False once it is cancelled."`
}

// registered are the bookings the register was told of, by number. They are as
// forgetful as the simulator.
type registered struct {
	mu    sync.Mutex
	known map[string]Report
}

func (s *Simulator) report(w http.ResponseWriter, r *http.Request) {
	number := r.PathValue("number")
	var told Report
	if !decode(w, r, &told) {
		return
	}
	verdict, err := s.roster.Judge(told.Applicant, time.Now())
	if err == nil && tooLong(number, 64) {
		err = errors.New("number: want 1 to 64 characters")
	}
	if err != nil {
		problem.Write(w, http.StatusUnprocessableEntity, "invalid_report", err.Error())
		return
	}
	s.through(w, Eligibility, func(lying bool) reply {
		if !lying {
			s.registered.mu.Lock()
			s.registered.known[number] = told
			s.registered.mu.Unlock()
		}
		return reply{http.StatusOK, verdict}
	})
}

func (s *Simulator) reported(w http.ResponseWriter, r *http.Request) {
	s.through(w, Eligibility, func(lying bool) reply {
		s.registered.mu.Lock()
		told, ok := s.registered.known[r.PathValue("number")]
		s.registered.mu.Unlock()
		if !ok || lying {
			return refuse(http.StatusNotFound, "no_report", errors.New("no booking of this number was reported"))
		}
		return reply{http.StatusOK, told}
	})
}
