package was

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/was/loadgate"
)

// Institution is one in a list.
type Institution struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Province string `json:"province"`
	District string `json:"district"`
	Free     int    `json:"free" doc:"Places free for a first dose when last counted, at most about a second ago."`
	Slots    []Slot `json:"slots,omitempty" doc:"The first of its slots with free places, where they were asked for."`
}

// InstitutionList is a page of institutions.
type InstitutionList struct {
	Institutions []Institution `json:"institutions"`
	Next         string        `json:"next,omitempty" doc:"Cursor of the next page; absent on the last."`
	Eligible     bool          `json:"eligible,omitempty" doc:"Where it was asked for; who may not book is refused instead."`
	Widened      bool          `json:"widened,omitempty" doc:"The district has nothing free: these are of the province."`
}

// Slot is one with free places.
type Slot struct {
	ID      string `json:"id"`
	Date    string `json:"date" format:"date"`
	Time    string `json:"time"`
	Vaccine string `json:"vaccine"`
	Free    int    `json:"free"`
}

// SlotList is a page of slots.
type SlotList struct {
	InstitutionID string `json:"institution_id"`
	Institution   string `json:"institution"`
	Slots         []Slot `json:"slots"`
	Next          string `json:"next,omitempty" doc:"Cursor of the next page; absent on the last."`
}

const (
	defaultPage = 50
	longestPage = 200
	longestText = 100 // of a search, in bytes

	// Institutions with their first slots are what a small screen shows.
	mostSlots       = 50
	longestWithThem = 20
)

// search admits a person to a look at the snapshot.
func (s *Server) search(r *http.Request, rank loadgate.Rank) (visitor, func(), error) {
	leave, err := s.cpu.Enter(r.Context(), rank)
	if err != nil {
		return visitor{}, nil, err
	}
	v, err := s.browse(r)
	if err != nil {
		leave()
		return v, nil, err
	}
	return v, leave, nil
}

// browse lets in who has a pass and, as moving a booking and booking again after
// it take no turn, who has or had a booking.
func (s *Server) browse(r *http.Request) (visitor, error) {
	v, refused := s.admit(r)
	if v.ref == "" {
		return v, refused
	}
	if pause, ok := s.sessions.touch(v.ref, s.cfg.Now()); !ok {
		return v, slowDown(pause)
	}
	if refused == nil {
		return v, nil
	}
	b, err := s.latest(r.Context(), v.ref)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return v, refused
	case err != nil:
		return v, err
	case !b.Live && s.mayFollow(b) != nil:
		return v, refused
	}
	return v, nil
}

func slowDown(pause time.Duration) error {
	return refuse("rate_limited", "Too many requests. Please slow down.").Retry(later(max(pause, time.Second)))
}

// institutions answers a search and, for who has just come in, in the same step
// whether they may book: the slower their line, the longer each step takes them.
func (s *Server) institutions(r *http.Request) (int, any, error) {
	entering, err := yes(r.URL.Query(), "eligibility")
	if err != nil {
		return 0, nil, err
	}
	rank := loadgate.Searching
	if entering {
		rank = loadgate.Entering
	}
	v, leave, err := s.search(r, rank)
	if err != nil {
		return 0, nil, err
	}
	defer leave()
	list, err := s.listInstitutions(r)
	if err != nil || !entering {
		return http.StatusOK, list, err
	}
	leave() // from here on the request waits for the register, not for this processor
	if err := s.eligible(r.Context(), v, rank); err != nil {
		return 0, nil, err
	}
	list.Eligible = true
	return http.StatusOK, list, nil
}

func (s *Server) listInstitutions(r *http.Request) (list InstitutionList, err error) {
	query := r.URL.Query()
	with, longest := 0, longestPage
	if asked := query.Get("slots"); asked != "" {
		if with, err = number("slots", asked, mostSlots); err != nil {
			return list, err
		}
		longest = longestWithThem
	}
	q := ledger.PlaceQuery{Province: query.Get("province"), District: query.Get("district"), Text: query.Get("q")}
	if q.Limit, err = pageSize(query.Get("limit"), longest); err != nil {
		return list, err
	}
	if len(q.Text) > longestText {
		return list, malformed("q is too long")
	}
	if cursor := query.Get("cursor"); cursor != "" {
		if q.After, err = booking.ParseInstitutionID(cursor); err != nil {
			return list, malformed("cursor is not one that was given out")
		}
	}
	widen, err := yes(query, "widen")
	if err != nil {
		return list, err
	}
	places, next := s.cfg.Availability.Places(q)
	if widen && len(places) == 0 && q.District != "" {
		q.District, list.Widened = "", true
		places, next = s.cfg.Availability.Places(q)
	}
	list.Institutions = make([]Institution, len(places))
	for i, p := range places {
		list.Institutions[i] = Institution{ID: p.ID.String(), Name: p.Name, Province: p.Province, District: p.District, Free: p.Free}
		if with > 0 {
			free, _, _ := s.cfg.Availability.Slots(p.ID, "", 0, with)
			list.Institutions[i].Slots = slotsOf(free)
		}
	}
	if next != 0 {
		list.Next = next.String()
	}
	return list, nil
}

func (s *Server) slots(r *http.Request) (int, any, error) {
	_, leave, err := s.search(r, loadgate.Choosing)
	if err != nil {
		return 0, nil, err
	}
	defer leave()
	return s.listSlots(r)
}

func (s *Server) listSlots(r *http.Request) (int, any, error) {
	id, err := booking.ParseInstitutionID(r.PathValue("id"))
	if err != nil {
		return 0, nil, noInstitution()
	}
	query := r.URL.Query()
	limit, err := pageSize(query.Get("limit"), longestPage)
	if err != nil {
		return 0, nil, err
	}
	date := query.Get("date")
	if date != "" {
		if _, err := time.Parse(time.DateOnly, date); err != nil {
			return 0, nil, malformed("date must look like 2021-08-26")
		}
	}
	var after booking.SlotID
	if cursor := query.Get("cursor"); cursor != "" {
		if after, err = booking.ParseSlotID(cursor); err != nil {
			return 0, nil, malformed("cursor is not one that was given out")
		}
	}
	free, next, ok := s.cfg.Availability.Slots(id, date, after, limit)
	if !ok {
		return 0, nil, noInstitution()
	}
	place, _ := s.cfg.Availability.Institution(id)
	list := SlotList{InstitutionID: id.String(), Institution: place.Name, Slots: slotsOf(free)}
	if next != 0 {
		list.Next = next.String()
	}
	return http.StatusOK, list, nil
}

func slotsOf(free []ledger.Vacancy) []Slot {
	list := make([]Slot, len(free))
	for i, v := range free {
		date, clock := v.Start.Civil()
		list[i] = Slot{ID: v.ID.String(), Date: date, Time: clock, Vaccine: v.Vaccine, Free: v.Free}
	}
	return list
}

func pageSize(s string, longest int) (int, error) {
	if s == "" {
		return min(defaultPage, longest), nil
	}
	return number("limit", s, longest)
}

// yes reads a parameter that is true or false, which it is without a word.
func yes(query url.Values, name string) (bool, error) {
	switch query.Get(name) {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, malformed(name + " must be true or false")
}

// number reads a parameter from 1 to most.
func number(name, s string, most int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > most {
		return 0, malformed(fmt.Sprintf("%s must be a number from 1 to %d", name, most))
	}
	return n, nil
}

func malformed(detail string) error {
	return refuse("malformed", detail)
}

func noInstitution() error {
	return refuse("not_found", "There is no such institution.")
}
