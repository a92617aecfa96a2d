package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// ErrRefused is wrapped when the person, or the provider in their place, said
// no: nothing is broken and nothing is lost.
var ErrRefused = errors.New("identity check was refused")

// Attempt is one way to a provider and back. The browser that began it carries
// it, so that whoever comes back with its answer is the one who left
// (state), the assertion was made for this way (nonce), and nobody else can use
// its code (PKCE).
type Attempt struct {
	Provider string `json:"provider"`
	// Redirect is where the provider sends the browser back to.
	Redirect string `json:"redirect"`
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Secret   string `json:"secret"`
}

// Begin returns the address of the provider's page, in a language if it speaks
// it, and the attempt to finish with. The error is [ErrInvalid] for a provider
// there is not and [ErrUnavailable].
func (v *Verifier) Begin(ctx context.Context, provider, redirect, language string) (string, Attempt, error) {
	if !slices.Contains(Providers, provider) {
		return "", Attempt{}, fmt.Errorf("begin identity check: %w: unknown provider", ErrInvalid)
	}
	issuer, err := v.discover(ctx)
	if err != nil {
		return "", Attempt{}, fmt.Errorf("begin identity check: %w", err)
	}
	if issuer.endpoint.AuthURL == "" || issuer.endpoint.TokenURL == "" {
		return "", Attempt{}, fmt.Errorf("begin identity check: %w: it offers no code flow", ErrUnavailable)
	}
	a := Attempt{Provider: provider, Redirect: redirect, State: rand.Text(), Nonce: rand.Text(), Secret: oauth2.GenerateVerifier()}
	return v.client(issuer, a).AuthCodeURL(a.State,
		oauth2.S256ChallengeOption(a.Secret), oidc.Nonce(a.Nonce),
		oauth2.SetAuthURLParam("provider", provider), oauth2.SetAuthURLParam("ui_locales", language),
	), a, nil
}

// Return is what the browser brings back in its address.
type Return struct{ State, Code, Error string }

// Finish exchanges what the browser brought back for the person. The error is
// [ErrInvalid], [ErrRefused] or [ErrUnavailable].
func (v *Verifier) Finish(ctx context.Context, a Attempt, back Return) (Person, error) {
	if a.State == "" || subtle.ConstantTimeCompare([]byte(back.State), []byte(a.State)) != 1 {
		return Person{}, fmt.Errorf("finish identity check: %w: this browser did not begin it", ErrInvalid)
	}
	switch {
	case back.Error == "temporarily_unavailable", back.Error == "server_error":
		return Person{}, fmt.Errorf("finish identity check: %w: %s", ErrUnavailable, back.Error)
	case back.Error != "":
		return Person{}, fmt.Errorf("finish identity check: %w", ErrRefused)
	}
	issuer, err := v.discover(ctx)
	if err != nil {
		return Person{}, fmt.Errorf("finish identity check: %w", err)
	}
	tokens, err := v.client(issuer, a).Exchange(oidc.ClientContext(ctx, v.config.Client), back.Code, oauth2.VerifierOption(a.Secret))
	if err != nil {
		return Person{}, fmt.Errorf("exchange code: %w: %w", exchangeFault(err), err)
	}
	assertion, _ := tokens.Extra("id_token").(string)
	person, nonce, err := v.verify(ctx, assertion)
	if err != nil {
		return Person{}, err
	}
	if subtle.ConstantTimeCompare([]byte(nonce), []byte(a.Nonce)) != 1 {
		return Person{}, fmt.Errorf("finish identity check: %w: the assertion was made for another way", ErrInvalid)
	}
	person.Provider = a.Provider
	return person, nil
}

// exchangeFault tells a code nobody takes from an issuer that does not answer.
func exchangeFault(err error) error {
	var answer *oauth2.RetrieveError
	if errors.As(err, &answer) && answer.Response != nil && answer.Response.StatusCode < 500 &&
		answer.Response.StatusCode != http.StatusTooManyRequests {
		return ErrInvalid
	}
	return ErrUnavailable
}

func (v *Verifier) client(i *issuer, a Attempt) *oauth2.Config {
	endpoint := i.endpoint
	if v.config.ClientSecret == "" {
		endpoint.AuthStyle = oauth2.AuthStyleInParams // nothing to authenticate with, so nothing to try out
	}
	return &oauth2.Config{
		ClientID: v.config.ClientID, ClientSecret: v.config.ClientSecret,
		Endpoint: endpoint, RedirectURL: a.Redirect, Scopes: []string{oidc.ScopeOpenID},
	}
}
