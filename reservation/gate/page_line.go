package gate

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"sunbeon/reservation/credential"
	"sunbeon/reservation/gate/pages"
)

func (g *Gate) linePage(w http.ResponseWriter, r *http.Request) {
	c, p := g.citizenOf(r)
	if p != nil {
		g.showProblem(w, r, p)
		return
	}
	frame := pages.Frame{Language: pages.LanguageOf(w, r), Step: pages.StepWait}
	content := pages.Line{Cohort: cohortOf(c.line, frame.Language), NowMS: g.nowMS()}
	at, p := g.find(r.Context(), c)
	switch {
	case p == nil:
		showPlace(&content, at)
		frame.Script = content.Waits()
	case p.Code != "no_ticket":
		g.showProblem(w, r, p)
		return
	}
	frame.Page = content
	g.show(w, r, http.StatusOK, "line", frame)
}

func showPlace(content *pages.Line, at place) {
	content.HasPlace, content.RateMilli = true, at.line.room.RateMilli(content.NowMS)
	content.Seq, content.Turn, content.Serving = at.Seq, at.Turn, at.serving
	content.Ahead, _ = at.ahead()
	if at.wait.Known {
		content.WaitFromMS, content.WaitToMS = at.wait.FromMS, at.wait.ToMS
	}
	content.State, content.Called, content.Held = string(at.State), at.called(), at.line.room.Held()
	content.BeyondSupply = at.BeyondSupply
	content.Ticket, content.Receipt = at.token, evidence(at)
}

func (g *Gate) joinForm(w http.ResponseWriter, r *http.Request) {
	c, p := g.citizenOf(r)
	if p == nil {
		_, p = g.join(r.Context(), c)
	}
	if p != nil {
		g.showProblem(w, r, p)
		return
	}
	showAt(w, r, "/line")
}

// nextField of the forms to identify oneself and to go in is where the person was
// before their login or pass ran out.
const nextField = "next"

func (g *Gate) enterForm(w http.ResponseWriter, r *http.Request) {
	if !g.form(w, r) {
		return
	}
	c, p := g.citizenOf(r)
	if p != nil {
		g.showProblem(w, r, p)
		return
	}
	in, p := g.admit(r.Context(), c)
	if p != nil {
		g.showProblem(w, r, p)
		return
	}
	g.setCookie(w, credential.PassCookie, in.token, in.pass.ExpiresMS)
	to := r.PostForm.Get(nextField)
	if !bookingPlace(to) {
		// The first look also asks whether they may book: who may not learns it
		// before choosing.
		to = "/institutions?" + url.Values{"province": {c.login.Province}, "eligibility": {"true"}}.Encode()
	}
	showAt(w, r, to)
}

// placeOf is the page among those for booking to which a request belongs, or
// nothing.
func placeOf(r *http.Request) string {
	if r.Method != http.MethodPost {
		return r.URL.RequestURI()
	}
	chosen, number, of := r.PostForm.Get("slot_id"), r.PathValue("number"), path.Base(r.URL.Path)
	switch {
	case r.URL.Path == "/book":
		return "/slots/" + url.PathEscape(chosen)
	case slices.Contains(errands, of):
		return "/slots/" + url.PathEscape(chosen) + "?" + url.Values{of: {number}}.Encode()
	}
	return "/bookings"
}

// longestPlace bounds an address to go on to: it is carried in a cookie to the
// provider and back, and browsers drop those of 4 KB.
const longestPlace = 1 << 10

// bookingPlace reports whether an address is a page of this site for booking:
// the field comes from outside and must lead nowhere else.
func bookingPlace(address string) bool {
	u, err := url.Parse(address)
	return err == nil && len(address) <= longestPlace && u.Scheme == "" && u.Host == "" &&
		(u.Path == "/bookings" || u.Path == "/institutions" || strings.HasPrefix(u.Path, "/institutions/") || strings.HasPrefix(u.Path, "/slots/"))
}

// evidence is a receipt as a person can keep it.
func evidence(at place) string {
	if at.receipt == nil {
		return ""
	}
	text, err := json.Marshal(at.receipt)
	if err != nil {
		return ""
	}
	return string(text)
}
