package legacy

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"sunbeon/internal/problem"
)

// Assertion is what an identity provider answers with.
type Assertion struct {
	Assertion string `json:"assertion" doc:"OpenID Connect id_token (JWT, ES256)."`
}

func (s *Simulator) identify(w http.ResponseWriter, r *http.Request) {
	provider := r.PathValue("provider")
	if !slices.Contains(Providers, provider) {
		problem.Write(w, http.StatusNotFound, "no_such_provider", fmt.Sprintf("want one of %v", Providers))
		return
	}
	var person Person
	if !decode(w, r, &person) {
		return
	}
	if err := person.validate(time.Now()); err != nil {
		problem.Write(w, http.StatusUnprocessableEntity, "invalid_person", err.Error())
		return
	}
	s.through(w, Identity, func(lying bool) reply {
		sign := s.issuer.Assert
		if lying {
			sign = s.issuer.Forge
		}
		assertion, err := sign(provider, person, time.Now())
		if err != nil {
			s.logger.Error("sign assertion", "error", err)
			return refuse(http.StatusInternalServerError, "system_error", errors.New("could not sign"))
		}
		return reply{http.StatusOK, Assertion{assertion}}
	})
}

func (s *Simulator) discovery(w http.ResponseWriter, _ *http.Request) {
	reply{http.StatusOK, s.issuer.Discovery()}.send(w)
}

func (s *Simulator) jwks(w http.ResponseWriter, _ *http.Request) {
	reply{http.StatusOK, s.issuer.JWKS()}.send(w)
}

func (s *Simulator) judge(w http.ResponseWriter, r *http.Request) {
	var applicant Applicant
	if !decode(w, r, &applicant) {
		return
	}
	verdict, err := s.roster.Judge(applicant, time.Now())
	if err != nil {
		problem.Write(w, http.StatusUnprocessableEntity, "invalid_applicant", err.Error())
		return
	}
	s.through(w, Eligibility, func(lying bool) reply {
		if lying && verdict.Eligible {
			return reply{http.StatusOK, Verdict{Reason: ReasonVaccinated, Detail: "the register holds a vaccination of this person"}}
		}
		if lying {
			return reply{http.StatusOK, Verdict{Eligible: true}}
		}
		return reply{http.StatusOK, verdict}
	})
}

func (s *Simulator) reserve(w http.ResponseWriter, r *http.Request) {
	var reservation Reservation
	if !decode(w, r, &reservation) {
		return
	}
	if err := reservation.validate(); err != nil {
		problem.Write(w, http.StatusUnprocessableEntity, "invalid_reservation", err.Error())
		return
	}
	s.through(w, Stock, func(lying bool) reply {
		if lying {
			return reply{http.StatusCreated, reservation}
		}
		created, err := s.warehouse.Reserve(reservation)
		switch {
		case errors.Is(err, ErrKeyReused):
			return refuse(http.StatusConflict, "key_reused", err)
		case errors.Is(err, ErrReleased):
			return refuse(http.StatusConflict, "released", err)
		case errors.Is(err, ErrNoStock):
			return refuse(http.StatusConflict, "no_stock", err)
		case err != nil:
			return s.broken("reserve stock", err)
		case created:
			return reply{http.StatusCreated, reservation}
		}
		return reply{http.StatusOK, reservation}
	})
}

func (s *Simulator) release(w http.ResponseWriter, r *http.Request) {
	key := r.PathValue("key")
	if tooLong(key, 128) {
		problem.Write(w, http.StatusUnprocessableEntity, "invalid_reservation", "key: want 1 to 128 characters")
		return
	}
	s.through(w, Stock, func(lying bool) reply {
		if !lying {
			if err := s.warehouse.Release(key); err != nil {
				return s.broken("release stock", err)
			}
		}
		return reply{http.StatusNoContent, nil}
	})
}

func (s *Simulator) lookup(w http.ResponseWriter, r *http.Request) {
	s.through(w, Stock, func(lying bool) reply {
		reservation, found := s.warehouse.Lookup(r.PathValue("key"))
		if !found || lying {
			return refuse(http.StatusNotFound, "no_reservation", errors.New("no live reservation under this key"))
		}
		return reply{http.StatusOK, reservation}
	})
}

const listPage = 5000

func (s *Simulator) list(w http.ResponseWriter, r *http.Request) {
	from := 0
	if text := r.URL.Query().Get("from"); text != "" {
		var err error
		if from, err = strconv.Atoi(text); err != nil || from < 0 {
			problem.Write(w, http.StatusUnprocessableEntity, "invalid_position", "from: want a position that was given out")
			return
		}
	}
	s.through(w, Stock, func(lying bool) reply {
		if lying {
			return reply{http.StatusOK, HeldPage{Reservations: []Held{}}}
		}
		return reply{http.StatusOK, s.warehouse.List(from, listPage)}
	})
}

func (s *Simulator) inventory(w http.ResponseWriter, _ *http.Request) {
	s.through(w, Stock, func(lying bool) reply {
		if lying {
			return reply{http.StatusOK, Inventory{Holdings: []Holding{}}}
		}
		return reply{http.StatusOK, s.warehouse.Inventory()}
	})
}

// broken answers for a fault nobody asked for.
func (s *Simulator) broken(what string, err error) reply {
	s.logger.Error(what, "error", err)
	return refuse(http.StatusInternalServerError, "system_error", errors.New(what+": the simulator's own log does not take it"))
}

func (s *Simulator) getFaults(w http.ResponseWriter, _ *http.Request) {
	reply{http.StatusOK, s.faults.Faults()}.send(w)
}

func (s *Simulator) putFaults(w http.ResponseWriter, r *http.Request) {
	faults, err := ReadFaults(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		problem.Write(w, http.StatusUnprocessableEntity, "invalid_faults", err.Error())
		return
	}
	if err := s.faults.Put(faults); err != nil {
		problem.Write(w, http.StatusUnprocessableEntity, "invalid_faults", err.Error())
		return
	}
	reply{http.StatusOK, faults}.send(w)
}

func (s *Simulator) getStates(w http.ResponseWriter, _ *http.Request) {
	reply{http.StatusOK, s.States()}.send(w)
}
