package gate

import (
	"context"
	"errors"
	"net/http"

	"sunbeon/internal/problem"
	"sunbeon/reservation/gate/identity"
	"sunbeon/reservation/gate/pages"
)

func (g *Gate) homePage(w http.ResponseWriter, r *http.Request) {
	g.showHome(w, r, http.StatusOK, pages.Home{})
}

// showHome adds the timetable and the choices to content.
func (g *Gate) showHome(w http.ResponseWriter, r *http.Request, status int, content pages.Home) {
	language := pages.LanguageOf(w, r)
	content.NowMS, content.Synthetic = g.nowMS(), g.synthetic != nil
	content.Providers, content.Provinces = identity.Providers, provinces
	for _, l := range g.lines() {
		content.Cohorts = append(content.Cohorts, cohortOf(l, language))
	}
	g.show(w, r, status, "home", pages.Frame{Language: language, Page: content})
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
// takes their place if tickets are given out already. What goes wrong is told
// above the form, with everything typed still in it.
func (g *Gate) identifyForm(w http.ResponseWriter, r *http.Request) {
	if g.synthetic == nil {
		g.showProblem(w, r, notFound())
		return
	}
	if !g.form(w, r) {
		return
	}
	typed := pages.Typed{
		Provider: r.PostForm.Get("provider"), Name: r.PostForm.Get("name"), Birth: r.PostForm.Get("birth"),
		Digits: r.PostForm.Get("digits"), Phone: r.PostForm.Get("phone"), Province: r.PostForm.Get("province"),
	}
	person, p := g.askProvider(r.Context(), typed)
	if p != nil {
		g.showHome(w, r, p.Status, pages.Home{Typed: typed, Problem: g.explain(w, p)})
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

// askProvider has the synthetic provider vouch for the person, within what the
// meter leaves it.
func (g *Gate) askProvider(ctx context.Context, typed pages.Typed) (identity.Person, *problem.Problem) {
	if p := g.meterIdentity(typed.Provider); p != nil {
		return identity.Person{}, p
	}
	assertion, err := g.synthetic.Assert(ctx, typed.Provider, identity.Applicant{
		Name: typed.Name, Birth: typed.Birth, Digits: typed.Digits, Phone: typed.Phone, Province: typed.Province,
	})
	switch {
	case errors.Is(err, identity.ErrInvalid):
		return identity.Person{}, identityInvalid()
	case err != nil:
		g.logger.WarnContext(ctx, "identity provider does not answer", "provider", typed.Provider, "error", err)
		return identity.Person{}, g.issuerDown(typed.Provider)
	}
	return g.verifyIdentity(ctx, assertion)
}

func (g *Gate) logoutForm(w http.ResponseWriter, r *http.Request) {
	g.dropCookie(w, loginCookie)
	g.dropCookie(w, passCookie)
	forward(w, r, "/")
}
