package rush

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"sunbeon/internal/problem"
	"sunbeon/reservation/rush/journal"
)

// The second half of the way: from the pass to the booking and after it. People
// with a script go page by page, as in the simulation; the others are told with
// the institutions whether they may book and which times are free.

func (w *walker) checkEligibility(v *visit) (move, error) {
	_, err := w.client.ask(w.ctx, question{
		route:  "GET /v1/eligibility",
		url:    w.at(w.gate, "/v1/eligibility", nil),
		meant:  v.meant,
		cookie: v.cookies(),
	}, nil)
	if err != nil {
		return move{}, err
	}
	return w.onward(v, (*walker).listInstitutions, PageInstitutions)
}

// institution is one with free times when it was listed.
type institution struct {
	ID    string `json:"id"`
	Slots []slot `json:"slots"` // the first of them; none where a script goes page by page
}

type slot struct {
	ID string `json:"id"`
}

// listInstitutions looks for institutions with free times, in the person's own
// district or, where that has none left, in the whole province.
func (w *walker) listInstitutions(v *visit) (move, error) {
	local := districts[v.person.Province]
	query := url.Values{
		"province": {v.person.Province}, "district": {local[v.person.Index%len(local)]}, "widen": {"true"},
	}
	if w.script != nil {
		query.Set("limit", "100")
	} else {
		query.Set("slots", "50")
		query.Set("eligibility", "true")
	}
	var list struct {
		Institutions []institution `json:"institutions"`
	}
	_, err := w.client.ask(w.ctx, question{
		route:  "GET /v1/institutions",
		url:    w.at(w.gate, "/v1/institutions", query),
		meant:  v.meant,
		cookie: v.cookies(),
	}, &list)
	if err != nil {
		return move{}, err
	}
	v.institutions = list.Institutions
	if len(v.institutions) == 0 {
		return refuse("sold_out")
	}
	v.random.Shuffle(len(v.institutions), func(i, j int) {
		v.institutions[i], v.institutions[j] = v.institutions[j], v.institutions[i]
	})
	if slots := v.institutions[0].Slots; len(slots) > 0 && v.rounds < maxRounds {
		v.rounds++
		return w.pick(v, slots)
	}
	return w.onward(v, (*walker).listSlots, PageSlots)
}

// maxRounds is how many times a person chooses before they give up.
const maxRounds = 20

// listSlots looks for a free time at the first institution on the person's
// list.
func (w *walker) listSlots(v *visit) (move, error) {
	if v.rounds >= maxRounds {
		return finish(gaveUp)
	}
	if len(v.institutions) == 0 {
		return then((*walker).listInstitutions, 0)
	}
	var list struct {
		Slots []slot `json:"slots"`
	}
	_, err := w.client.ask(w.ctx, question{
		route:  "GET /v1/institutions/{id}/slots",
		url:    w.at(w.gate, "/v1/institutions/"+v.institutions[0].ID+"/slots", nil),
		meant:  v.meant,
		cookie: v.cookies(),
	}, &list)
	if err != nil {
		return move{}, err
	}
	v.rounds++
	if len(list.Slots) == 0 {
		v.institutions = v.institutions[1:]
		return then((*walker).listSlots, w.ponder(v))
	}
	return w.pick(v, list.Slots)
}

// pick settles on one of the free times. Early ones are the more wanted, which
// makes them hot.
func (w *walker) pick(v *visit, free []slot) (move, error) {
	u := v.random.Float64()
	v.choose(free[int(u*u*float64(len(free)))].ID)
	return w.onward(v, (*walker).book, PageBook)
}

// choose settles on a slot. Each choice is a request of its own, with a key of
// its own; trying the same choice again keeps the key.
func (v *visit) choose(slot string) {
	v.slot = slot
	v.key = fmt.Sprintf("%016x%016x", v.random.Uint64(), v.random.Uint64())
}

// confirmation is a booking as the server tells it.
type confirmation struct {
	Number string         `json:"number"`
	Doses  []journal.Dose `json:"doses"`
}

func (w *walker) book(v *visit) (move, error) {
	var made confirmation
	_, err := w.client.ask(w.ctx, question{
		route:  "POST /v1/bookings",
		url:    w.at(w.gate, "/v1/bookings", nil),
		meant:  v.meant,
		cookie: v.cookies(),
		key:    v.key,
		body:   map[string]string{"slot_id": v.slot},
	}, &made)
	var p *problem.Problem
	if errors.As(err, &p) {
		switch p.Code {
		case "slot_taken", "no_such_slot", "no_second_dose":
			return w.chooseAgain(v, p)
		case "already_booked":
			// An earlier request of this person, whose answer was lost, made it.
			v.number, _ = p.Extra["number"].(string)
			return then((*walker).lookUp, 0)
		}
	}
	if err != nil {
		return move{}, err
	}
	w.note(v, journal.Entry{Event: journal.Booked, Number: made.Number, Key: v.key, Doses: made.Doses})
	w.tally.book()
	v.number = made.Number
	if w.script != nil {
		return finish(booked)
	}
	return then((*walker).lookUp, w.ponder(v))
}

// chooseAgain takes one of the alternatives offered for a slot just gone, or
// looks at the list again if there are none.
func (w *walker) chooseAgain(v *visit, p *problem.Problem) (move, error) {
	var offers []struct {
		Slot string `json:"slot_id"`
	}
	raw, err := json.Marshal(p.Extra["alternatives"])
	if err == nil {
		err = json.Unmarshal(raw, &offers)
	}
	if err != nil {
		return move{}, problem.New(p.Status, "malformed_answer", "alternatives: "+err.Error())
	}
	v.rounds++
	if len(offers) == 0 || v.rounds >= maxRounds {
		return then((*walker).listSlots, w.ponder(v))
	}
	v.choose(offers[v.random.IntN(len(offers))].Slot)
	return then((*walker).book, w.ponder(v))
}

func (w *walker) lookUp(v *visit) (move, error) {
	var mine struct {
		Bookings []confirmation `json:"bookings"`
	}
	_, err := w.client.ask(w.ctx, question{
		route:  "GET /v1/bookings/mine",
		url:    w.at(w.gate, "/v1/bookings/mine", nil),
		meant:  v.meant,
		cookie: v.login,
	}, &mine)
	if err != nil {
		return move{}, err
	}
	// Who booked in an earlier evening, or whose answer was lost, learns the
	// number here.
	shown := func(c confirmation) bool { return v.number == "" || c.Number == v.number }
	i := slices.IndexFunc(mine.Bookings, shown)
	if i < 0 {
		return move{end: outcome{kind: failed, code: "booking_not_shown"}}, nil
	}
	v.number = mine.Bookings[i].Number
	if v.temper.cancels && !v.rebooked {
		return then((*walker).cancel, w.ponder(v))
	}
	return finish(booked)
}

// cancel gives the booking back. The journal says so before the request leaves,
// so that the audit does not miss a booking whose cancellation took effect in
// an answer nobody got.
func (w *walker) cancel(v *visit) (move, error) {
	w.note(v, journal.Entry{Event: journal.Cancelling, Number: v.number})
	_, err := w.client.ask(w.ctx, question{
		route:  "DELETE /v1/bookings/{number}",
		url:    w.at(w.gate, "/v1/bookings/"+v.number, nil),
		meant:  v.meant,
		cookie: v.login,
	}, nil)
	var p *problem.Problem
	repeated := v.tries > 0 && errors.As(err, &p) &&
		(p.Status == http.StatusNotFound || p.Status == http.StatusConflict)
	if err != nil && !repeated {
		return move{}, err
	}
	w.note(v, journal.Entry{Event: journal.Cancelled, Number: v.number})
	if !v.temper.rue {
		return finish(cancelled)
	}
	v.rebooked, v.number = true, ""
	return then((*walker).listSlots, w.ponder(v))
}
