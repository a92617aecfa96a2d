package gate

import (
	"net/http"

	"sunbeon/reservation/credential"
	"sunbeon/reservation/gate/identity"
	"sunbeon/reservation/gate/pages"
)

func (g *Gate) homePage(w http.ResponseWriter, r *http.Request) {
	g.showHome(w, r, http.StatusOK, pages.Problem{})
}

// showHome shows the timetable, the ways to identify oneself, and why that did
// not work before.
func (g *Gate) showHome(w http.ResponseWriter, r *http.Request, status int, why pages.Problem) {
	frame := pages.Frame{Language: pages.LanguageOf(w, r), Step: pages.StepIdentify}
	_, refused := g.who(r)
	content := pages.Home{Providers: identity.Providers, Problem: why, LoggedIn: refused == nil, Next: nextOf(r)}
	for _, l := range g.lines() {
		content.Cohorts = append(content.Cohorts, cohortOf(l, frame.Language))
	}
	frame.Page = content
	g.show(w, r, status, "home", frame)
}

// nextOf is where somebody wants to go on after identifying themselves, as the address
// says, or for who is back from the provider, their browser; empty where it says
// nothing of use.
func nextOf(r *http.Request) string {
	to := r.URL.Query().Get(nextField)
	if r.URL.Path == backPath {
		to = attemptOf(r).Next
	}
	if !bookingPlace(to) {
		return ""
	}
	return to
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

func (g *Gate) logoutForm(w http.ResponseWriter, r *http.Request) {
	g.dropCookie(w, credential.LoginCookie)
	g.dropCookie(w, credential.PassCookie)
	showAt(w, r, "/")
}
