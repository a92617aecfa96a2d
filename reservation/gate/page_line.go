package gate

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"

	"sunbeon/internal/problem"
	"sunbeon/reservation/gate/identity"
	"sunbeon/reservation/gate/pages"
	"sunbeon/reservation/waitingroom"
)

func (g *Gate) homePage(w http.ResponseWriter, r *http.Request) {
	content := pages.Home{
		NowMS: g.nowMS(), Synthetic: g.synthetic != nil, Providers: identity.Providers, Provinces: provinces,
	}
	language := pages.LanguageOf(w, r)
	for _, l := range g.lines() {
		content.Cohorts = append(content.Cohorts, cohortOf(l, language))
	}
	g.show(w, r, http.StatusOK, "home", pages.Frame{Language: language, Page: content})
}

func cohortOf(l *line, language string) pages.Cohort {
	c := l.cohort
	name := c.Name[language]
	if name == "" {
		name = c.ID
	}
	return pages.Cohort{
		ID: c.ID, Name: name, BirthFrom: c.BirthFrom, BirthTo: c.BirthTo, LastDigits: c.LastDigits,
		LobbyMS: c.LobbyMS, OpenMS: c.OpenMS, CloseMS: c.CloseMS,
		Phase: string(c.Phase), Order: c.Order, Note: c.Note,
	}
}

// identifyForm asks the synthetic provider about the person, logs them in and
// takes their place if tickets are given out already.
func (g *Gate) identifyForm(w http.ResponseWriter, r *http.Request) {
	if g.synthetic == nil {
		g.showProblem(w, r, problem.New(http.StatusNotFound, "not_found", "Identify yourself at your provider."))
		return
	}
	if !g.form(w, r) {
		return
	}
	provider := r.PostForm.Get("provider")
	if p := g.meterIdentity(provider); p != nil {
		g.showProblem(w, r, p)
		return
	}
	assertion, err := g.synthetic.Assert(r.Context(), provider, identity.Applicant{
		Name: r.PostForm.Get("name"), Birth: r.PostForm.Get("birth"), Digits: r.PostForm.Get("digits"),
		Phone: r.PostForm.Get("phone"), Province: r.PostForm.Get("province"),
	})
	switch {
	case errors.Is(err, identity.ErrInvalid):
		g.showProblem(w, r, identityInvalid())
		return
	case err != nil:
		g.showProblem(w, r, g.issuerDown(provider))
		return
	}
	person, p := g.verifyIdentity(r.Context(), assertion)
	if p != nil {
		g.showProblem(w, r, p)
		return
	}
	login, p := g.logIn(w, person)
	if p != nil {
		g.showProblem(w, r, p)
		return
	}
	if c, p := g.inLine(login); p == nil {
		g.join(r.Context(), c) // a refusal is shown by the page of the line
	}
	forward(w, r, "/line")
}

func (g *Gate) logoutForm(w http.ResponseWriter, r *http.Request) {
	g.dropCookie(w, loginCookie)
	g.dropCookie(w, passCookie)
	forward(w, r, "/")
}

func (g *Gate) linePage(w http.ResponseWriter, r *http.Request) {
	c, p := g.citizenOf(r)
	if p != nil {
		g.showProblem(w, r, p)
		return
	}
	now := g.nowMS()
	frame := pages.Frame{Language: pages.LanguageOf(w, r)}
	content := pages.Line{Cohort: cohortOf(c.line, frame.Language), NowMS: now}
	at, p := g.find(r.Context(), c)
	switch {
	case p == nil:
		showPlace(&content, at)
		frame.RefreshS = refresh(at, now)
	case p.Code != "no_ticket":
		g.showProblem(w, r, p)
		return
	}
	frame.Page = content
	g.show(w, r, http.StatusOK, "line", frame)
}

func showPlace(content *pages.Line, at place) {
	content.HasPlace = true
	content.Seq, content.Turn, content.Serving = at.Seq, at.Turn, at.serving
	content.Ahead, _ = at.ahead()
	if at.wait.Known {
		content.WaitFromMS, content.WaitToMS = at.wait.FromMS, at.wait.ToMS
	}
	content.State, content.Called = string(at.State), at.called()
	content.BeyondSupply = at.BeyondSupply
	content.Ticket, content.Receipt = at.token, evidence(at)
}

// refresh is after how many seconds a waiting person's page looks again: by
// their distance, like everybody else's, and never once they are called, as
// nothing may move under the hand of someone about to go in.
func refresh(at place, nowMS int64) int64 {
	if at.called() || at.State == waitingroom.Booked {
		return 0
	}
	rate := at.line.room.RateMilli(nowMS)
	ahead, known := at.ahead()
	if !known {
		ahead = at.Seq
	}
	return max(2, (waitingroom.PollAdvice(ahead, rate, rand.Float64())+999)/1000)
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
	forward(w, r, "/line")
}

func (g *Gate) enterForm(w http.ResponseWriter, r *http.Request) {
	c, p := g.citizenOf(r)
	if p != nil {
		g.showProblem(w, r, p)
		return
	}
	pass, token, p := g.admit(r.Context(), c)
	if p != nil {
		g.showProblem(w, r, p)
		return
	}
	g.setCookie(w, passCookie, token, pass.ExpiresMS)
	forward(w, r, "/institutions?"+url.Values{"province": {c.login.Province}}.Encode())
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
