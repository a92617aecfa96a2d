package gate

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"

	"sunbeon/internal/problem"
	"sunbeon/reservation/gate/pages"
)

func (g *Gate) institutionsPage(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	content := pages.Institutions{
		Province: query.Get("province"), District: query.Get("district"), Query: query.Get("q"),
		Provinces: provinces, Change: query.Get("change"),
	}
	var answer struct {
		Institutions []pages.Institution `json:"institutions"`
		Next         string              `json:"next"`
	}
	p := g.booking.ask(r, g.booking.session, question{
		method: http.MethodGet,
		path:   "/v1/institutions",
		query:  pick(query, "province", "district", "q", "cursor"),
	}, &answer)
	if p != nil {
		g.showProblem(w, r, p)
		return
	}
	content.Found, content.Next = answer.Institutions, answer.Next
	g.show(w, r, http.StatusOK, "institutions", pages.Frame{Page: content})
}

func (g *Gate) slotsPage(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	content := pages.Slots{Institution: r.PathValue("id"), Date: query.Get("date"), Change: query.Get("change")}
	var answer struct {
		Slots []pages.Slot `json:"slots"`
		Next  string       `json:"next"`
	}
	p := g.booking.ask(r, g.booking.session, question{
		method: http.MethodGet,
		path:   "/v1/institutions/" + url.PathEscape(content.Institution) + "/slots",
		query:  pick(query, "date", "cursor"),
	}, &answer)
	if p != nil {
		g.showProblem(w, r, p)
		return
	}
	content.Free, content.Next = keyed(answer.Slots), answer.Next
	g.show(w, r, http.StatusOK, "slots", pages.Frame{Page: content})
}

// keyed gives each choice its own idempotency key, so that sending its form
// twice books once.
func keyed(slots []pages.Slot) []pages.Slot {
	for i := range slots {
		slots[i].Key = rand.Text()
	}
	return slots
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
	case p == nil:
		forward(w, r, "/bookings?new=1")
	case p.Code == "slot_taken":
		content := pages.Slots{Taken: true, Change: number, Free: keyed(alternatives(p))}
		g.show(w, r, p.Status, "slots", pages.Frame{Page: content})
	default:
		g.showProblem(w, r, p)
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

func (g *Gate) bookingsPage(w http.ResponseWriter, r *http.Request) {
	var answer struct {
		Bookings []pages.Booking `json:"bookings"`
	}
	p := g.booking.ask(r, g.booking.lookup, question{method: http.MethodGet, path: "/v1/bookings/mine"}, &answer)
	if p != nil && p.Status != http.StatusNotFound {
		g.showProblem(w, r, p)
		return
	}
	content := pages.Bookings{
		Bookings: answer.Bookings, HasPass: passOf(r) != "",
		Fresh: r.URL.Query().Get("new") != "" && len(answer.Bookings) > 0,
	}
	for i := range content.Bookings {
		content.Bookings[i].Key = rand.Text()
	}
	g.show(w, r, http.StatusOK, "bookings", pages.Frame{Page: content})
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
	forward(w, r, "/bookings")
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
