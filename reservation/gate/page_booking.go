package gate

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"

	"sunbeon/internal/problem"
	"sunbeon/reservation/gate/pages"
)

// searching is the lane of a search, and what it asks the booking servers
// beside its own question: who moves a booking needs no pass.
func (g *Gate) searching(change string, query url.Values) (lane, url.Values) {
	if change == "" {
		return g.booking.session, query
	}
	query.Set(changeParameter, change)
	return g.booking.lookup, query
}

// choosing is the frame of the pages on which people choose.
func (g *Gate) choosing(r *http.Request, change string, page any) pages.Frame {
	frame := pages.Frame{Step: pages.StepChoose, Page: page}
	if change != "" {
		return frame
	}
	if pass, err := g.passes.Verify(passOf(r), g.nowMS()); err == nil {
		frame.Limit, frame.Script = pages.Limit{NowMS: g.nowMS(), UntilMS: pass.ExpiresMS}, pages.LimitScript
	}
	return frame
}

func (g *Gate) institutionsPage(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	content := pages.Institutions{
		Province: query.Get("province"), District: query.Get("district"), Query: query.Get("q"),
		Provinces: provinces, Change: query.Get(changeParameter),
	}
	var answer struct {
		Institutions []pages.Institution `json:"institutions"`
		Next         string              `json:"next"`
	}
	in, asked := g.searching(content.Change, pick(query, "province", "district", "q", "cursor"))
	p := g.booking.ask(r, in, question{method: http.MethodGet, path: "/v1/institutions", query: asked}, &answer)
	if p != nil {
		g.showProblem(w, r, p)
		return
	}
	content.Found, content.Next = answer.Institutions, answer.Next
	g.show(w, r, http.StatusOK, "institutions", g.choosing(r, content.Change, content))
}

func (g *Gate) slotsPage(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	content := pages.Slots{InstitutionID: r.PathValue("id"), Date: query.Get("date"), Change: query.Get(changeParameter)}
	var answer struct {
		Institution string       `json:"institution"`
		Slots       []pages.Slot `json:"slots"`
		Next        string       `json:"next"`
	}
	in, asked := g.searching(content.Change, pick(query, "date", "cursor"))
	p := g.booking.ask(r, in, question{
		method: http.MethodGet, path: "/v1/institutions/" + url.PathEscape(content.InstitutionID) + "/slots", query: asked,
	}, &answer)
	if p != nil {
		g.showProblem(w, r, p)
		return
	}
	content.Institution, content.Free, content.Next = answer.Institution, answer.Slots, answer.Next
	g.show(w, r, http.StatusOK, "slots", g.choosing(r, content.Change, content))
}

// reviewPage shows both doses of a choice before anything is booked.
func (g *Gate) reviewPage(w http.ResponseWriter, r *http.Request) {
	// Each review has its own idempotency key, so that sending its form twice
	// books once.
	content := pages.Review{Slot: r.PathValue("id"), Change: r.URL.Query().Get(changeParameter), Key: rand.Text()}
	in, asked := g.searching(content.Change, url.Values{})
	p := g.booking.ask(r, in, question{
		method: http.MethodGet, path: "/v1/slots/" + url.PathEscape(content.Slot), query: asked,
	}, &content)
	if p != nil {
		g.showChoiceProblem(w, r, content.Change, p)
		return
	}
	g.show(w, r, http.StatusOK, "review", g.choosing(r, content.Change, content))
}

// showChoiceProblem offers the nearest free times where the one chosen is gone.
func (g *Gate) showChoiceProblem(w http.ResponseWriter, r *http.Request, change string, p *problem.Problem) {
	if p.Code != "slot_taken" {
		g.showProblem(w, r, p)
		return
	}
	content := pages.Slots{Taken: true, Change: change, Free: alternatives(p)}
	g.show(w, r, p.Status, "slots", g.choosing(r, change, content))
}

func (g *Gate) bookForm(w http.ResponseWriter, r *http.Request) {
	g.choose(w, r, g.booking.session, "/v1/bookings", "")
}

func (g *Gate) changeForm(w http.ResponseWriter, r *http.Request) {
	number := r.PathValue("number")
	g.choose(w, r, g.booking.lookup, "/v1/bookings/"+url.PathEscape(number)+"/change", number)
}

// choose books the slot of a form, or moves the booking with the number to it.
func (g *Gate) choose(w http.ResponseWriter, r *http.Request, in lane, path, number string) {
	if !g.form(w, r) {
		return
	}
	p := g.booking.ask(r, in, question{
		method: http.MethodPost, path: path, key: r.PostForm.Get("key"),
		body: map[string]string{"slot_id": r.PostForm.Get("slot_id")},
	}, nil)
	switch {
	case p != nil:
		g.showChoiceProblem(w, r, number, p)
	case number != "":
		forward(w, r, "/bookings?done="+pages.DoneChanged)
	default:
		forward(w, r, "/bookings?done="+pages.DoneBooked)
	}
}

// alternatives are the nearest free slots that a refusal offers.
func alternatives(p *problem.Problem) []pages.Slot {
	var slots []pages.Slot
	if encoded, err := json.Marshal(p.Extra["alternatives"]); err == nil {
		json.Unmarshal(encoded, &slots) // what is no list of slots offers none
	}
	return slots
}

// mine looks up the person's bookings.
func (g *Gate) mine(r *http.Request) ([]pages.Booking, *problem.Problem) {
	var answer struct {
		Bookings []pages.Booking `json:"bookings"`
	}
	p := g.booking.ask(r, g.booking.lookup, question{method: http.MethodGet, path: "/v1/bookings/mine"}, &answer)
	if p != nil && p.Status == http.StatusNotFound {
		return nil, nil
	}
	return answer.Bookings, p
}

func (g *Gate) bookingsPage(w http.ResponseWriter, r *http.Request) {
	found, p := g.mine(r)
	if p != nil {
		g.showProblem(w, r, p)
		return
	}
	content := pages.Bookings{Bookings: found, Done: r.URL.Query().Get("done")}
	_, err := g.passes.Verify(passOf(r), g.nowMS())
	content.HasPass = err == nil
	if gone := content.Done == pages.DoneCancelled; gone != (len(found) == 0) {
		content.Done = "" // an old address, opened again
	}
	g.show(w, r, http.StatusOK, "bookings", pages.Frame{Step: pages.StepBooked, Page: content})
}

// cancelPage asks before it is done: both doses would be gone at once.
func (g *Gate) cancelPage(w http.ResponseWriter, r *http.Request) {
	found, p := g.mine(r)
	if p != nil {
		g.showProblem(w, r, p)
		return
	}
	for _, b := range found {
		if b.Number == r.PathValue("number") {
			g.show(w, r, http.StatusOK, "cancel", pages.Frame{Page: pages.Cancel{Booking: b, Key: rand.Text()}})
			return
		}
	}
	forward(w, r, "/bookings")
}

func (g *Gate) cancelForm(w http.ResponseWriter, r *http.Request) {
	if !g.form(w, r) {
		return
	}
	p := g.booking.ask(r, g.booking.lookup, question{
		method: http.MethodDelete, path: "/v1/bookings/" + url.PathEscape(r.PathValue("number")), key: r.PostForm.Get("key"),
	}, nil)
	if p != nil {
		g.showProblem(w, r, p)
		return
	}
	forward(w, r, "/bookings?done="+pages.DoneCancelled)
}

// pick takes the named parameters that are set.
func pick(from url.Values, names ...string) url.Values {
	out := url.Values{}
	for _, name := range names {
		if value := from.Get(name); value != "" {
			out.Set(name, value)
		}
	}
	return out
}
