package gate

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"

	"sunbeon/internal/problem"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/gate/pages"
)

// errand is what a search is for, as its address says.
func errand(query url.Values) pages.Errand {
	for _, of := range errands {
		if number := query.Get(of); number != "" {
			return pages.Errand{Of: of, Number: number}
		}
	}
	return pages.Errand{}
}

// searching is the lane of a search, and what it asks the booking servers
// beside its own question: who has or had a booking needs no pass.
func (g *Gate) searching(on pages.Errand, query url.Values) (lane, url.Values) {
	if on.Of == "" {
		return g.booking.session, query
	}
	query.Set(on.Of, on.Number)
	return g.booking.lookup, query
}

// choosing is the frame of the pages on which people choose.
func (g *Gate) choosing(r *http.Request, on pages.Errand, page any) pages.Frame {
	frame := pages.Frame{Step: pages.StepChoose, Page: page}
	if on.Of != "" {
		return frame
	}
	if pass, err := g.passes.Verify(credential.PassOf(r), g.nowMS()); err == nil {
		frame.Limit, frame.Script = pages.Limit{NowMS: g.nowMS(), UntilMS: pass.ExpiresMS}, pages.LimitScript
	}
	return frame
}

func (g *Gate) institutionsPage(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	content := pages.Institutions{
		Province: query.Get("province"), District: query.Get("district"), Query: query.Get("q"),
		Provinces: provinces, Errand: errand(query),
	}
	var answer struct {
		Institutions []pages.Institution `json:"institutions"`
		Next         string              `json:"next"`
		Widened      bool                `json:"widened"`
	}
	in, asked := g.searching(content.Errand, pick(query, "province", "district", "q", "cursor", "eligibility"))
	asked.Set("widen", "true")
	p := g.booking.ask(r, in, question{method: http.MethodGet, path: "/v1/institutions", query: asked}, &answer)
	if p != nil {
		g.showProblem(w, r, p)
		return
	}
	content.Found, content.Next, content.Widened = answer.Institutions, answer.Next, answer.Widened
	g.show(w, r, http.StatusOK, "institutions", g.choosing(r, content.Errand, content))
}

func (g *Gate) slotsPage(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	content := pages.Slots{InstitutionID: r.PathValue("id"), Date: query.Get("date"), Errand: errand(query)}
	var answer struct {
		Institution string       `json:"institution"`
		Slots       []pages.Slot `json:"slots"`
		Next        string       `json:"next"`
	}
	in, asked := g.searching(content.Errand, pick(query, "date", "cursor"))
	p := g.booking.ask(r, in, question{
		method: http.MethodGet, path: "/v1/institutions/" + url.PathEscape(content.InstitutionID) + "/slots", query: asked,
	}, &answer)
	if p != nil {
		g.showProblem(w, r, p)
		return
	}
	content.Institution, content.Free, content.Next = answer.Institution, answer.Slots, answer.Next
	g.show(w, r, http.StatusOK, "slots", g.choosing(r, content.Errand, content))
}

// reviewPage shows both doses of a choice before anything is booked.
func (g *Gate) reviewPage(w http.ResponseWriter, r *http.Request) {
	// Each review has its own idempotency key, so that sending its form twice
	// books once.
	content := pages.Review{Slot: r.PathValue("id"), Errand: errand(r.URL.Query()), Key: rand.Text()}
	in, asked := g.searching(content.Errand, url.Values{})
	p := g.booking.ask(r, in, question{
		method: http.MethodGet, path: "/v1/slots/" + url.PathEscape(content.Slot), query: asked,
	}, &content)
	if p != nil {
		g.showChoiceProblem(w, r, content.Errand, p)
		return
	}
	g.show(w, r, http.StatusOK, "review", g.choosing(r, content.Errand, content))
}

// showChoiceProblem offers the nearest free times where the one chosen is gone.
func (g *Gate) showChoiceProblem(w http.ResponseWriter, r *http.Request, on pages.Errand, p *problem.Problem) {
	if p.Code != "slot_taken" {
		g.showProblem(w, r, p)
		return
	}
	content := pages.Slots{Taken: true, Errand: on, Free: alternatives(p)}
	g.show(w, r, p.Status, "slots", g.choosing(r, on, content))
}

func (g *Gate) bookForm(w http.ResponseWriter, r *http.Request) {
	g.choose(w, r, g.booking.session, "/v1/bookings", pages.Errand{})
}

// errandForm moves the booking in the address to the slot of the form, or books
// that slot after it was cancelled.
func (g *Gate) errandForm(of string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		on := pages.Errand{Of: of, Number: r.PathValue("number")}
		g.choose(w, r, g.booking.lookup, "/v1/bookings/"+url.PathEscape(on.Number)+"/"+of, on)
	}
}

func (g *Gate) choose(w http.ResponseWriter, r *http.Request, in lane, path string, on pages.Errand) {
	if !g.form(w, r) {
		return
	}
	p := g.booking.ask(r, in, question{
		method: http.MethodPost, path: path, key: r.PostForm.Get("key"),
		body: map[string]string{"slot_id": r.PostForm.Get("slot_id")},
	}, nil)
	switch {
	case p != nil:
		g.showChoiceProblem(w, r, on, p)
	case on.Moves():
		showAt(w, r, "/bookings?done="+pages.DoneChanged)
	default:
		showAt(w, r, "/bookings?done="+pages.DoneBooked)
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

// owned is what a person has booked, and the number of a cancelled booking after
// which they may book again.
type owned struct {
	Bookings []pages.Booking `json:"bookings"`
	Rebook   string          `json:"rebook"`
}

func (g *Gate) mine(r *http.Request) (owned, *problem.Problem) {
	var found owned
	p := g.booking.ask(r, g.booking.lookup, question{method: http.MethodGet, path: "/v1/bookings/mine"}, &found)
	if p != nil && p.Status == http.StatusNotFound {
		return owned{}, nil
	}
	return found, p
}

func (g *Gate) bookingsPage(w http.ResponseWriter, r *http.Request) {
	found, p := g.mine(r)
	if p != nil {
		g.showProblem(w, r, p)
		return
	}
	content := pages.Bookings{Bookings: found.Bookings, Rebook: found.Rebook, Done: r.URL.Query().Get("done")}
	_, err := g.passes.Verify(credential.PassOf(r), g.nowMS())
	content.HasPass = err == nil
	if gone := content.Done == pages.DoneCancelled; gone != (len(found.Bookings) == 0) {
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
	for _, b := range found.Bookings {
		if b.Number == r.PathValue("number") {
			g.show(w, r, http.StatusOK, "cancel", pages.Frame{Page: pages.Cancel{Booking: b, Key: rand.Text()}})
			return
		}
	}
	showAt(w, r, "/bookings")
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
	showAt(w, r, "/bookings?done="+pages.DoneCancelled)
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
