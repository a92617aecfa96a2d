package legacy

import (
	"crypto/rand"
	_ "embed"
	"errors"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

//go:embed authorize.html
var authorizeSource string

var authorizePage = template.Must(template.New("authorize").Parse(authorizeSource))

// challengeLength is that of an S256 challenge.
const challengeLength = 43

// authorization is a relying party's request, as the browser brings it.
type authorization struct {
	Provider, Redirect, State, Nonce, Challenge, Language string
}

var errAuthorization = errors.New("this is not a request of a known service")

// readAuthorization checks everything that must hold before the browser is sent
// anywhere: only a known client, and only back to this machine, where everybody
// who uses a simulator is.
func readAuthorization(form url.Values) (authorization, error) {
	a := authorization{
		Provider: form.Get("provider"), Redirect: form.Get("redirect_uri"), State: form.Get("state"),
		Nonce: form.Get("nonce"), Challenge: form.Get("code_challenge"), Language: "ko",
	}
	if strings.HasPrefix(form.Get("ui_locales"), "en") {
		a.Language = "en"
	}
	back, err := url.Parse(a.Redirect)
	switch {
	case err != nil, form.Get("client_id") != Audience, !loopback(back):
		return a, errAuthorization
	case form.Get("response_type") != "code", form.Get("code_challenge_method") != "S256", len(a.Challenge) != challengeLength:
		return a, errAuthorization
	case !slices.Contains(strings.Fields(form.Get("scope")), "openid"), !slices.Contains(Providers, a.Provider):
		return a, errAuthorization
	}
	return a, nil
}

func loopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return (u.Scheme == "http" || u.Scheme == "https") && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// back is the address the browser returns to with the given answer.
func (a authorization) back(answer url.Values) string {
	to, _ := url.Parse(a.Redirect) // checked before
	query := to.Query()
	for name := range answer {
		query.Set(name, answer.Get(name))
	}
	query.Set("state", a.State)
	to.RawQuery = query.Encode()
	return to.String()
}

// authorize is GET /authorize: the page on which a provider would ask who
// someone is.
func (s *Simulator) authorize(w http.ResponseWriter, r *http.Request) {
	asked, err := readAuthorization(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.showAuthorize(w, http.StatusOK, asked, Person{Province: "Seoul"}, nil)
}

func (s *Simulator) showAuthorize(w http.ResponseWriter, status int, asked authorization, typed Person, problem error) {
	var page strings.Builder
	err := authorizePage.Execute(&page, struct {
		authorization
		Korean    bool
		Typed     Person
		Provinces []province
		Problem   error
	}{asked, asked.Language == "ko", typed, provinces, problem})
	if err != nil {
		s.logger.Error("write page", "error", err)
		http.Error(w, "the page cannot be written", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'")
	w.WriteHeader(status)
	w.Write([]byte(page.String()))
}

// approve is POST /authorize: the person has said who they are.
func (s *Simulator) approve(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	asked, err := readAuthorization(r.PostForm)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	back := func(name, value string) {
		http.Redirect(w, r, asked.back(url.Values{name: {value}}), http.StatusSeeOther)
	}
	if r.PostForm.Has("refuse") {
		back("error", "access_denied")
		return
	}
	person := Person{
		Name: r.PostForm.Get("name"), Birth: r.PostForm.Get("birth"), Digits: r.PostForm.Get("digits"),
		Phone: r.PostForm.Get("phone"), Province: r.PostForm.Get("province"), Nonce: asked.Nonce,
	}
	if err := person.validate(time.Now()); err != nil {
		s.showAuthorize(w, http.StatusUnprocessableEntity, asked, person, err)
		return
	}
	began, outcome := time.Now(), "ok"
	defer func() { s.metrics.observe(Identity, outcome, time.Since(began)) }()
	treatment, err := s.stations[Identity].Serve()
	if err != nil || treatment == Erring || treatment == Lost {
		outcome = "error"
		back("error", "temporarily_unavailable")
		return
	}
	code, err := s.grants.give(grant{
		provider: asked.Provider, redirect: asked.Redirect, challenge: asked.Challenge,
		person: person, lying: treatment == Lying,
	}, time.Now())
	if err != nil {
		outcome = "busy"
		back("error", "temporarily_unavailable")
		return
	}
	back("code", code)
}

// Token is what a code is exchanged for.
type Token struct {
	AccessToken string `json:"access_token" doc:"Opens nothing: there is nothing behind the issuer."`
	TokenType   string `json:"token_type" enum:"Bearer"`
	ExpiresIn   int    `json:"expires_in"`
	IDToken     string `json:"id_token" doc:"OpenID Connect id_token (JWT, ES256)."`
}

// oauthError is an error as RFC 6749 spells it.
type oauthError struct {
	Error string `json:"error"`
}

// token is POST /token: a code for an assertion.
func (s *Simulator) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil || r.PostForm.Get("grant_type") != "authorization_code" {
		reply{http.StatusBadRequest, oauthError{"unsupported_grant_type"}}.send(w)
		return
	}
	made, err := s.grants.take(r.PostForm.Get("code"), r.PostForm.Get("redirect_uri"), r.PostForm.Get("code_verifier"), time.Now())
	if err != nil {
		reply{http.StatusBadRequest, oauthError{"invalid_grant"}}.send(w)
		return
	}
	sign := s.issuer.Assert
	if made.lying {
		sign = s.issuer.Forge
	}
	assertion, err := sign(made.provider, made.person, time.Now())
	if err != nil {
		s.logger.Error("sign assertion", "error", err)
		reply{http.StatusInternalServerError, oauthError{"server_error"}}.send(w)
		return
	}
	reply{http.StatusOK, Token{
		AccessToken: rand.Text(), TokenType: "Bearer",
		ExpiresIn: int(assertionLife.Seconds()), IDToken: assertion,
	}}.send(w)
}
