package identity_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/text/unicode/norm"

	"sunbeon/reservation/gate/identity"
	"sunbeon/reservation/upstream/legacy"
)

// scribe is an issuer that signs whatever claims it is given.
type scribe struct {
	*httptest.Server
	key *ecdsa.PrivateKey
}

func newScribe(t *testing.T) *scribe {
	t.Helper()
	s := &scribe{}
	var err error
	if s.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/jwks.json" {
			json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &s.key.PublicKey, KeyID: "1", Algorithm: "ES256"}}})
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"issuer": s.URL, "jwks_uri": s.URL + "/jwks.json"})
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *scribe) write(t *testing.T, claims map[string]any) string {
	t.Helper()
	all := jwt.MapClaims{
		"iss": s.URL, "aud": legacy.Audience, "sub": "x", "exp": time.Now().Add(time.Minute).Unix(),
		"ci": legacy.ConnectingInformation("one"), "name": "김순번", "birthdate": "1985-03-09",
	}
	maps.Copy(all, claims)
	token := jwt.NewWithClaims(jwt.SigningMethodES256, all)
	token.Header["kid"] = "1"
	signed, err := token.SignedString(s.key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// wide writes half-width characters as full-width ones.
func wide(s string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r <= '~' {
			return r - '!' + '！'
		}
		return r
	}, s)
}

// However an issuer spells a person, it is one person: whatever the tag is
// derived from is brought into one form, or refused.
func TestOnePersonHoweverSpelt(t *testing.T) {
	s := newScribe(t)
	v := identity.New(identity.Config{Issuer: s.URL, ClientID: legacy.Audience, Client: s.Client(), Now: time.Now})
	plain, err := v.Verify(t.Context(), s.write(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	same := func(what string, claims map[string]any) {
		t.Helper()
		if got, err := v.Verify(t.Context(), s.write(t, claims)); err != nil || got != plain {
			t.Errorf("%s: %+v, %v; want %+v", what, got, err, plain)
		}
	}
	ci := legacy.ConnectingInformation("one")
	same("full-width identifier", map[string]any{"ci": wide(ci)})
	same("spaces around it", map[string]any{"ci": " " + ci + "\n"})
	same("full-width date of birth", map[string]any{"birthdate": wide("1985-03-09")})
	same("name in single letters", map[string]any{"name": norm.NFD.String("김순번")})

	refused := func(what string, claims map[string]any) {
		t.Helper()
		if got, err := v.Verify(t.Context(), s.write(t, claims)); !errors.Is(err, identity.ErrInvalid) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	// The bits a last character carries beyond the 64 bytes name nobody else.
	last := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", ci[85])
	refused("the same 64 bytes spelt otherwise", map[string]any{
		"ci": ci[:85] + string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[last+1]) + "=="})
	refused("88 characters that are no identifier", map[string]any{"ci": strings.Repeat("가", 88)})
	refused("a line break inside", map[string]any{"ci": ci[:40] + "\n" + ci[40:]})
	refused("too short", map[string]any{"ci": ci[:84]})
	refused("no name", map[string]any{"name": " "})
}
