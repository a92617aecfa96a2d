package gate

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"sunbeon/internal/problem"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/gate/identity"
)

// maxLoginBody bounds the body of a login, in bytes.
const maxLoginBody = 12 << 10

// login is POST /v1/login: an assertion for a login cookie and, for who wants to
// join, their place in the line, as browsers get both in one step.
func (g *Gate) login(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Assertion string `json:"assertion"`
		Join      bool   `json:"join"`
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
	answer := loggedIn{login: login}
	if c, refused := g.inLine(login); refused == nil {
		answer.line = c.line
		if body.Join {
			// Who is refused a place is logged in all the same.
			if at, refused := g.join(r.Context(), c); refused == nil {
				answer.at = &at
			}
		}
	}
	answer.write(w)
}

// loggedIn is who somebody is found to be, the line of their cohort if there is
// one, and their place in it if they have joined.
type loggedIn struct {
	login credential.Login
	line  *line
	at    *place
}

func (l loggedIn) write(w http.ResponseWriter) {
	buffer := placeBuffers.Get().(*[]byte)
	defer placeBuffers.Put(buffer)
	b := append((*buffer)[:0], `{"cohort":`...)
	if l.line != nil {
		b = append(b, l.line.quoted...)
	} else {
		b = append(b, `""`...)
	}
	b = strconv.AppendInt(append(b, `,"expires_ms":`...), l.login.ExpiresMS, 10)
	if l.at != nil {
		b = appendPlace(append(b, `,"ticket":`...), *l.at)
	}
	b = append(b, "}\n"...)
	*buffer = b
	h := w.Header()
	h["Content-Type"], h["Cache-Control"] = jsonType, noStore
	w.Write(b)
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
	g.setCookie(w, credential.LoginCookie, token, login.ExpiresMS)
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
