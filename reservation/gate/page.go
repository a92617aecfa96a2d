package gate

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"sunbeon/internal/problem"
	"sunbeon/reservation/gate/pages"
)

// maxForm bounds a form's body, in bytes.
const maxForm = 8 << 10

// provinces are the choices offered; the names are the ones booking uses.
var provinces = []string{
	"Seoul", "Busan", "Daegu", "Incheon", "Gwangju", "Daejeon", "Ulsan", "Sejong", "Gyeonggi", "Gangwon",
	"Chungbuk", "Chungnam", "Jeonbuk", "Jeonnam", "Gyeongbuk", "Gyeongnam", "Jeju",
}

// pageRoutes are the ways in for people with a browser.
func (g *Gate) pageRoutes() []route {
	return []route{
		{pattern: "GET /{$}", serve: g.homePage, page: true},
		{pattern: "GET /identify/{provider}", serve: g.identify, page: true},
		{pattern: "GET " + backPath, serve: g.identified, page: true},
		{pattern: "POST /logout", serve: g.logoutForm, page: true},
		{pattern: "GET /line", serve: g.linePage, page: true},
		{pattern: "POST /line", serve: g.joinForm, page: true},
		{pattern: "POST /enter", serve: g.enterForm, page: true},
		{pattern: "GET /institutions", serve: g.institutionsPage, page: true},
		{pattern: "GET /institutions/{id}", serve: g.slotsPage, page: true},
		{pattern: "GET /slots/{id}", serve: g.reviewPage, page: true},
		{pattern: "POST /book", serve: g.bookForm, page: true},
		{pattern: "GET /bookings", serve: g.bookingsPage, page: true},
		{pattern: "POST /bookings/{number}/change", serve: g.errandForm(pages.Change), page: true},
		{pattern: "POST /bookings/{number}/rebook", serve: g.errandForm(pages.Rebook), page: true},
		{pattern: "GET /bookings/{number}/cancel", serve: g.cancelPage, page: true},
		{pattern: "POST /bookings/{number}/cancel", serve: g.cancelForm, page: true},
		{pattern: "GET /verify", serve: g.verifyPage, page: true},
		{pattern: "GET /assets/{name}", serve: pages.Asset, page: true},
	}
}

// show renders a page around its content.
func (g *Gate) show(w http.ResponseWriter, r *http.Request, status int, name string, frame pages.Frame) {
	if frame.Language == "" {
		frame.Language = pages.LanguageOf(w, r)
	}
	if r.Method == http.MethodGet { // a form's own address cannot be followed by a link
		frame.Here = r.URL
	}
	if login, refused := g.who(r); refused == nil {
		frame.Person = login.Name
	}
	if err := g.pages.Render(w, status, name, frame); err != nil {
		g.logger.ErrorContext(r.Context(), "page not rendered", "page", name, "error", err)
		problem.Write(w, http.StatusInternalServerError, "internal", "")
	}
}

// showProblem renders a problem as a page that says what it means and keeps
// the way on open: where time may cure it, by asking the same again, with
// everything that was chosen and under the same idempotency key; where the login or
// the pass has run out, by way of the identity check or the door to the same place.
func (g *Gate) showProblem(w http.ResponseWriter, r *http.Request, p *problem.Problem) {
	content := g.explain(w, p)
	switch {
	case strings.HasPrefix(p.Code, "login_"):
		if place := placeOf(r); bookingPlace(place) {
			content.Again = &pages.Again{Path: "/", Fields: url.Values{nextField: {place}}, Get: true}
		}
	case p.Code == "pass_expired" || p.Code == "pass_required":
		content.Again = &pages.Again{Path: "/enter", Fields: url.Values{nextField: {placeOf(r)}}}
	case content.RetryS > 0 && r.Method == http.MethodPost:
		content.Again = &pages.Again{Path: r.URL.Path, Fields: r.PostForm}
	case content.RetryS > 0:
		content.Again = &pages.Again{Path: r.URL.Path, Fields: r.URL.Query(), Get: true}
	}
	frame := pages.Frame{Page: content}
	if content.Again != nil && content.RetryS > 0 {
		frame.Script = pages.AgainScript
	}
	g.show(w, r, p.Status, "problem", frame)
}

// explain counts a problem and puts it into what a page can show.
func (g *Gate) explain(w http.ResponseWriter, p *problem.Problem) pages.Problem {
	g.metrics.refused.WithLabelValues(p.Code).Inc()
	content := pages.Problem{Code: p.Code, Detail: p.Detail, Back: wayOn(p)}
	content.System, _ = p.Extra["system"].(string)
	content.Appeal, _ = p.Extra["appeal"].(string)
	if content.Appeal != "" {
		content.Reason, _ = p.Extra["reason"].(string)
	}
	works, _ := p.Extra["works"].([]any)
	for _, what := range works {
		content.Works = append(content.Works, strings.ReplaceAll(fmt.Sprint(what), " ", "_"))
	}
	if paused, _ := p.Extra["paused"].(bool); paused {
		content.Code = "paused" // who has been called is not told that it is not their turn
	}
	if provider, ok := p.Extra["provider"].(string); ok {
		content.System = provider
	}
	if p.RetryAfterMS > 0 {
		content.RetryS = (p.RetryAfterMS + 999) / 1000
		w.Header().Set("Retry-After", strconv.FormatInt(content.RetryS, 10))
	}
	return content
}

// wayOn is where a problem page leads.
func wayOn(p *problem.Problem) string {
	switch p.Code {
	case "unknown_outcome", "already_booked", "already_cancelled", "no_booking", "idempotency_key_reused":
		return "/bookings"
	case "login_required", "login_expired", "login_invalid", "identity_invalid", "identity_metered", "identity_refused":
		return "/"
	case "not_eligible":
		if p.Extra["reason"] == wrongBirth {
			return "/"
		}
	}
	return "/line"
}

// form reads a form's fields. It answers and returns false when it is too
// large or malformed.
func (g *Gate) form(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		g.showProblem(w, r, problem.New(http.StatusBadRequest, "malformed", "The form could not be read."))
		return false
	}
	return true
}

// showAt sends the browser to where the outcome of a form is shown, so that
// reloading does not send the form again.
func showAt(w http.ResponseWriter, r *http.Request, to string) {
	http.Redirect(w, r, to, http.StatusSeeOther)
}
