package gate

import (
	"context"
	"errors"
	"net/http"

	"sunbeon/internal/problem"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/gate/identity"
)

// maxLoginBody bounds the body of a login, in bytes.
const maxLoginBody = 12 << 10

// login is POST /v1/login: an assertion for a login cookie.
func (g *Gate) login(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Assertion string `json:"assertion"`
	}
	if p := readJSON(w, r, maxLoginBody, &body); p != nil {
		g.refuse(w, p)
		return
	}
	// The meter is asked only for genuine assertions: forged ones must not use
	// up what a provider's real users need.
	person, p := g.verifyIdentity(r.Context(), body.Assertion)
	if p == nil {
		p = g.meterIdentity(person.Provider)
	}
	if p != nil {
		g.refuse(w, p)
		return
	}
	login, p := g.logIn(w, person)
	if p != nil {
		g.refuse(w, p)
		return
	}
	cohort := ""
	if v := g.view.Load(); v != nil {
		if l := v.lineFor(login.Birth); l != nil {
			cohort = l.cohort.ID
		}
	}
	writeJSON(w, http.StatusOK, struct {
		Cohort    string `json:"cohort"`
		ExpiresMS int64  `json:"expires_ms"`
	}{cohort, login.ExpiresMS})
}

// verifyIdentity returns the person an assertion vouches for.
func (g *Gate) verifyIdentity(ctx context.Context, assertion string) (identity.Person, *problem.Problem) {
	person, err := g.verifier.Verify(ctx, assertion)
	switch {
	case errors.Is(err, identity.ErrUnavailable):
		g.logger.WarnContext(ctx, "identity issuer does not answer", "error", err)
		return identity.Person{}, g.issuerDown("")
	case err != nil:
		return identity.Person{}, identityInvalid()
	}
	return person, nil
}

func identityInvalid() *problem.Problem {
	return problem.New(http.StatusUnauthorized, "identity_invalid",
		"The identity check is not valid or has run out. Please identify yourself again.")
}

// meterIdentity takes one of the checks a provider gets.
func (g *Gate) meterIdentity(provider string) *problem.Problem {
	wait, ok := g.meter.Take(provider, g.config.Now())
	if ok {
		return nil
	}
	return problem.New(http.StatusServiceUnavailable, "identity_metered",
		"Many people are identifying themselves with this provider right now. Nothing is lost; please try again shortly.").
		With("provider", provider).Retry(jitter(wait))
}

// logIn sets the login cookie for a verified person.
func (g *Gate) logIn(w http.ResponseWriter, person identity.Person) (credential.Login, *problem.Problem) {
	login := credential.Login{
		CI: person.CI, Name: person.Name, Birth: person.Birth, Phone: person.Phone,
		Province: person.Province, Provider: person.Provider,
		ExpiresMS: g.config.Now().Add(g.config.LoginLife).UnixMilli(),
	}
	token, err := g.keys.Login.Seal(login)
	if err != nil {
		return credential.Login{}, identityInvalid() // more than a cookie can hold
	}
	g.setCookie(w, loginCookie, token, login.ExpiresMS)
	return login, nil
}

// issuerDown names whom people are waiting for, so that they know it is not
// their mistake and what to try: the provider where it is known, else the
// issuer.
func (g *Gate) issuerDown(provider string) *problem.Problem {
	if provider == "" {
		provider = g.config.Issuer
	}
	return problem.New(http.StatusServiceUnavailable, "upstream_down",
		"The identity provider does not answer. Your place in the line, if you have one, is kept. Please try again, or choose another provider.").
		With("system", "identity").With("provider", provider).Retry(jitter(issuerRetry))
}
