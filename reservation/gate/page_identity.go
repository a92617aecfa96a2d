package gate

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"sunbeon/internal/problem"
	"sunbeon/reservation/gate/identity"
	"sunbeon/reservation/gate/pages"
)

const (
	// attemptCookie holds the way to a provider that a browser is on.
	attemptCookie = "sunbeon_identify"
	// attemptLife is how long someone may take at the provider.
	attemptLife = 15 * time.Minute
	// backPath is where providers send browsers back to.
	backPath = "/identified"
)

// identify is GET /identify/{provider}: the way to a provider's own page.
// Nothing about the person is typed here.
func (g *Gate) identify(w http.ResponseWriter, r *http.Request) {
	provider := r.PathValue("provider")
	p := g.meterIdentity(provider)
	if p != nil {
		g.showHome(w, r, p.Status, g.explain(w, p))
		return
	}
	there, attempt, err := g.verifier.Begin(r.Context(), provider, g.publicURL(r)+backPath, pages.LanguageOf(w, r))
	if err != nil {
		p := g.identityProblem(r, provider, err)
		g.showHome(w, r, p.Status, g.explain(w, p))
		return
	}
	carried, err := json.Marshal(carriedAttempt{attempt, nextOf(r)})
	if err != nil {
		g.showProblem(w, r, g.internal(r.Context(), err))
		return
	}
	g.setCookie(w, attemptCookie, base64.RawURLEncoding.EncodeToString(carried), g.config.Now().Add(attemptLife).UnixMilli())
	showAt(w, r, there)
}

// publicURL is the scheme and host the browser reaches these pages by.
func (g *Gate) publicURL(r *http.Request) string {
	switch {
	case g.config.PublicURL != "":
		return g.config.PublicURL
	case g.config.SecureCookies:
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// identified is GET /identified: back from the provider. It logs the person in
// and takes their place if tickets are given out already.
func (g *Gate) identified(w http.ResponseWriter, r *http.Request) {
	g.dropCookie(w, attemptCookie)
	query, attempt := r.URL.Query(), attemptOf(r)
	person, err := g.verifier.Finish(r.Context(), attempt.Attempt, identity.Return{
		State: query.Get("state"), Code: query.Get("code"), Error: query.Get("error"),
	})
	if err != nil {
		p := g.identityProblem(r, attempt.Provider, err)
		g.showHome(w, r, p.Status, g.explain(w, p))
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
	showAt(w, r, cmp.Or(nextOf(r), "/line"))
}

// carriedAttempt is what a browser keeps while it is at the provider.
type carriedAttempt struct {
	identity.Attempt
	Next string `json:"next,omitempty"` // where to go on, if not to the line
}

// attemptOf is the way the browser is on; an empty one fits no answer.
func attemptOf(r *http.Request) (attempt carriedAttempt) {
	if cookie, err := r.Cookie(attemptCookie); err == nil {
		if carried, err := base64.RawURLEncoding.DecodeString(cookie.Value); err == nil {
			json.Unmarshal(carried, &attempt) // a damaged one stays empty
		}
	}
	return attempt
}

// identityProblem says what became of an identity check.
func (g *Gate) identityProblem(r *http.Request, provider string, err error) *problem.Problem {
	switch {
	case errors.Is(err, identity.ErrUnavailable):
		g.logger.WarnContext(r.Context(), "identity provider does not answer", "provider", provider, "error", err)
		return g.issuerDown(provider)
	case errors.Is(err, identity.ErrRefused):
		return problem.New(http.StatusForbidden, "identity_refused", "The identity check was cancelled. Nothing is lost: choose a provider to try again.")
	}
	return identityInvalid()
}
