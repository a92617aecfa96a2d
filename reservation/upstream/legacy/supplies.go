package legacy

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"sunbeon/internal/problem"
)

// Supply is how many places an institution gives in one slot.
type Supply struct {
	Number      int64  `json:"number" doc:"Given by the system, upwards with every change."`
	Institution string `json:"institution" minLength:"1" maxLength:"128"`
	Vaccine     string `json:"vaccine" minLength:"1" maxLength:"64"`
	Date        string `json:"date" format:"date"`
	Time        string `json:"time" example:"09:30"`
	Places      int    `json:"places" minimum:"0" maximum:"100000"`
}

func (s Supply) validate() error {
	switch {
	case s.Institution == "" || tooLong(s.Institution, 128) || s.Vaccine == "" || tooLong(s.Vaccine, 64):
		return errors.New("institution, vaccine: want up to 128 and 64 characters")
	case s.Places < 0 || s.Places > 100_000:
		return errors.New("places: want 0 to 100000")
	}
	if _, err := time.Parse(time.DateOnly+" 15:04", s.Date+" "+s.Time); err != nil {
		return fmt.Errorf("date and time %q %q: want such as 2021-08-26 and 09:30", s.Date, s.Time)
	}
	return nil
}

// SupplyPage is a part of what institutions have changed.
type SupplyPage struct {
	Supplies []Supply `json:"supplies" doc:"In the order of their numbers; of one slot only the latest."`
	More     bool     `json:"more"`
}

// supplies are what institutions have changed, the latest of each slot.
type supplies struct {
	mu   sync.Mutex
	last int64
	list []Supply
}

// put notes a change. Numbers follow the clock, so that they go on upwards when
// the simulator has lost its memory.
func (s *supplies) put(change Supply, now time.Time) Supply {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = max(s.last+1, now.UnixMilli())
	change.Number = s.last
	s.list = slices.DeleteFunc(s.list, func(old Supply) bool {
		return old.Institution == change.Institution && old.Vaccine == change.Vaccine && old.Date == change.Date && old.Time == change.Time
	})
	s.list = append(s.list, change)
	return change
}

const supplyPage = 1000

func (s *supplies) after(number int64) SupplyPage {
	s.mu.Lock()
	defer s.mu.Unlock()
	page := SupplyPage{Supplies: []Supply{}}
	for _, change := range s.list {
		if change.Number <= number {
			continue
		}
		if len(page.Supplies) == supplyPage {
			page.More = true
			break
		}
		page.Supplies = append(page.Supplies, change)
	}
	return page
}

func (s *Simulator) putSupply(w http.ResponseWriter, r *http.Request) {
	var change Supply
	if !decode(w, r, &change) {
		return
	}
	if err := change.validate(); err != nil {
		problem.Write(w, http.StatusUnprocessableEntity, "invalid_supply", err.Error())
		return
	}
	reply{http.StatusOK, s.supplies.put(change, time.Now())}.send(w)
}

func (s *Simulator) listSupplies(w http.ResponseWriter, r *http.Request) {
	after := int64(0)
	if text := r.URL.Query().Get("after"); text != "" {
		var err error
		if after, err = strconv.ParseInt(text, 10, 64); err != nil || after < 0 {
			problem.Write(w, http.StatusUnprocessableEntity, "invalid_position", "after: want a number that was given out")
			return
		}
	}
	s.through(w, Stock, func(lying bool) reply {
		page := s.supplies.after(after)
		if lying {
			for i := range page.Supplies {
				page.Supplies[i].Places *= -1
			}
		}
		return reply{http.StatusOK, page}
	})
}
