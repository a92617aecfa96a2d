package legacy_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"sunbeon/reservation/upstream/legacy"
)

// party is a relying party to the issuer, with the libraries a real one uses.
type party struct {
	t        *testing.T
	server   *httptest.Server
	verifier *oidc.IDTokenVerifier
	config   oauth2.Config
	// stay keeps the browser from following where it is sent.
	stay *http.Client
}

func newParty(t *testing.T) *party {
	t.Helper()
	verifier, server := provider(t, "")
	p, err := oidc.NewProvider(t.Context(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return &party{t: t, server: server, verifier: verifier,
		config: oauth2.Config{ClientID: legacy.Audience, Endpoint: p.Endpoint(), RedirectURL: "http://127.0.0.1:1/identified", Scopes: []string{"openid"}},
		stay:   &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
}

var minjiTypes = url.Values{"name": {minji.Name}, "birth": {minji.Birth}, "digits": {minji.Digits}, "province": {minji.Province}}

// approve goes to where the party sends people and says who one is.
func (p *party) approve(verifier string, change func(url.Values)) (*http.Response, url.Values) {
	p.t.Helper()
	there, err := url.Parse(p.config.AuthCodeURL("the-state", oauth2.S256ChallengeOption(verifier), oidc.Nonce("n-1"), oauth2.SetAuthURLParam("provider", "kakao")))
	if err != nil {
		p.t.Fatal(err)
	}
	form := there.Query()
	maps.Copy(form, minjiTypes)
	if change != nil {
		change(form)
	}
	resp, err := p.stay.PostForm(p.server.URL+"/authorize", form)
	if err != nil {
		p.t.Fatal(err)
	}
	resp.Body.Close()
	back, err := url.Parse(resp.Header.Get("Location"))
	if err != nil {
		p.t.Fatal(err)
	}
	return resp, back.Query()
}

func TestTheCodeFlow(t *testing.T) {
	p := newParty(t)
	secret := oauth2.GenerateVerifier()
	resp, back := p.approve(secret, nil)
	if resp.StatusCode != http.StatusSeeOther || back.Get("state") != "the-state" || !strings.HasPrefix(resp.Header.Get("Location"), p.config.RedirectURL) {
		t.Fatalf("%d to %s", resp.StatusCode, resp.Header.Get("Location"))
	}
	tokens, err := p.config.Exchange(t.Context(), back.Get("code"), oauth2.VerifierOption(secret))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	token, err := p.verifier.Verify(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	var claims legacy.Claims
	if err := token.Claims(&claims); err != nil || token.Nonce != "n-1" || claims.Name != minji.Name || claims.Provider != "kakao" {
		t.Errorf("%+v, nonce %q, %v", claims, token.Nonce, err)
	}
	if _, err := p.config.Exchange(t.Context(), back.Get("code"), oauth2.VerifierOption(secret)); err == nil {
		t.Error("a code was exchanged twice")
	}
}

func TestACodeIsWorthNothingToOthers(t *testing.T) {
	p := newParty(t)
	secret := oauth2.GenerateVerifier()
	f := func(what string, verifier string, change func(*oauth2.Config)) {
		t.Helper()
		_, back := p.approve(secret, nil)
		config := p.config
		change(&config)
		if _, err := config.Exchange(t.Context(), back.Get("code"), oauth2.VerifierOption(verifier)); err == nil {
			t.Error("exchanged", what)
		}
	}
	f("without the secret", oauth2.GenerateVerifier(), func(*oauth2.Config) {})
	f("by another address", secret, func(c *oauth2.Config) { c.RedirectURL = "http://127.0.0.1:2/other" })
}

func TestBrowsersAreSentOnlyToKnownServices(t *testing.T) {
	p := newParty(t)
	f := func(what, name, value string) {
		t.Helper()
		resp, _ := p.approve("verifier", func(form url.Values) { form.Set(name, value) })
		if resp.StatusCode != http.StatusBadRequest || resp.Header.Get("Location") != "" {
			t.Errorf("%s: %d to %q", what, resp.StatusCode, resp.Header.Get("Location"))
		}
	}
	f("another site", "redirect_uri", "https://evil.example/identified")
	f("a site that looks near", "redirect_uri", "http://127.0.0.1.evil.example/")
	f("no address", "redirect_uri", "")
	f("a script", "redirect_uri", "javascript:alert(1)")
	f("another client", "client_id", "visa")
	f("no such provider", "provider", "visa")
	f("a flow without a secret", "code_challenge_method", "plain")
	f("an implicit flow", "response_type", "id_token")
}

func TestProvidersSayNoInTheProtocolsWords(t *testing.T) {
	p := newParty(t)
	if _, back := p.approve("v", func(f url.Values) { f.Set("refuse", "1") }); back.Get("error") != "access_denied" || back.Get("state") != "the-state" {
		t.Errorf("refused: %v", back)
	}
	if resp, _ := p.approve("v", func(f url.Values) { f.Set("birth", "1985-02-30") }); resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("nonsense: %d", resp.StatusCode)
	}
	put(t, p.server, `{"identity":{"down":true}}`)
	if _, back := p.approve("v", nil); back.Get("error") != "temporarily_unavailable" || back.Get("code") != "" {
		t.Errorf("down: %v", back)
	}
}
