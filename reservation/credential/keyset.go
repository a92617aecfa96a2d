package credential

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"
)

// refetch bounds how often unknown key identifiers, which anyone can invent,
// make a [KeySet] ask the publisher: three at once, then one a second.
const refetchPerSecond, refetchBurst = 1, 3

// KeySet is the public keys published at a URL as a JWKS document, kept in
// memory. A key it has not seen makes it ask again, within limits; keys once
// seen keep working while the publisher is down.
type KeySet struct {
	url    string
	client *http.Client

	keys    atomic.Pointer[jose.JSONWebKeySet]
	limit   *rate.Limiter
	flight  singleflight.Group
	failing atomic.Bool // the latest fetch did not succeed
}

// NewKeySet returns the set of keys at url, fetched with client when first
// needed. The client's timeout bounds a fetch.
func NewKeySet(url string, client *http.Client) *KeySet {
	return &KeySet{url: url, client: client, limit: rate.NewLimiter(refetchPerSecond, refetchBurst)}
}

// Key returns the key with the identifier kid. The error is [ErrForged] when
// the publisher does not know it and [ErrKeysUnavailable] when the publisher
// could not be asked.
func (s *KeySet) Key(ctx context.Context, kid string) (jose.JSONWebKey, error) {
	if key, ok := s.cached(kid); ok {
		return key, nil
	}
	// The fetch serves everyone who waits for it, so one caller giving up must
	// not end it; the client's timeout does.
	shared := context.WithoutCancel(ctx)
	s.flight.Do("fetch", func() (any, error) {
		if s.limit.Allow() {
			s.failing.Store(s.fetch(shared) != nil)
		}
		return nil, nil
	})
	if key, ok := s.cached(kid); ok {
		return key, nil
	}
	if s.keys.Load() == nil || s.failing.Load() {
		return jose.JSONWebKey{}, fmt.Errorf("key set: %w", ErrKeysUnavailable)
	}
	return jose.JSONWebKey{}, fmt.Errorf("key set: unknown key: %w", ErrForged)
}

func (s *KeySet) cached(kid string) (jose.JSONWebKey, bool) {
	set := s.keys.Load()
	if set == nil || kid == "" {
		return jose.JSONWebKey{}, false
	}
	for i := range set.Keys {
		if set.Keys[i].KeyID == kid {
			return set.Keys[i], true
		}
	}
	return jose.JSONWebKey{}, false
}

// fetch replaces the keys. Private or symmetric keys and those not meant for
// signatures are left out: nothing may be verified with them.
func (s *KeySet) fetch(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return fmt.Errorf("fetch key set: %w", err)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return fmt.Errorf("fetch key set: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("fetch key set: %s", resp.Status)
	}
	var published jose.JSONWebKeySet
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&published); err != nil {
		return fmt.Errorf("fetch key set: %w", err)
	}
	usable := &jose.JSONWebKeySet{}
	for _, key := range published.Keys {
		if key.Valid() && key.IsPublic() && (key.Use == "" || key.Use == "sig") {
			usable.Keys = append(usable.Keys, key)
		}
	}
	s.keys.Store(usable)
	return nil
}
