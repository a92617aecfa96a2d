package identity_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
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
	return s.sign(t, jwt.SigningMethodES256, s.key, claims, nil)
}

// sign writes an assertion that is good but for what is given.
func (s *scribe) sign(t *testing.T, method jwt.SigningMethod, key any, claims, header map[string]any) string {
	t.Helper()
	all := jwt.MapClaims{
		"iss": s.URL, "aud": legacy.Audience, "sub": "x", "exp": time.Now().Add(time.Minute).Unix(),
		"ci": legacy.ConnectingInformation("one"), "name": "김순번", "birthdate": "1985-03-09",
	}
	maps.Copy(all, claims)
	token := jwt.NewWithClaims(method, all)
	token.Header["kid"] = "1"
	maps.Copy(token.Header, header)
	signed, err := token.SignedString(key)
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
	refused("a name nobody can see", map[string]any{"name": "\u200b\u2060\x00\ue000"})
}

// What the issuer did not sign, for us and for now, vouches for nobody.
func TestAssertionsThatVouchForNobody(t *testing.T) {
	s := newScribe(t)
	v := identity.New(identity.Config{Issuer: s.URL, ClientID: legacy.Audience, Client: s.Client(), Now: time.Now})
	in := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	accepted := func(what string, claims map[string]any) {
		t.Helper()
		if _, err := v.Verify(t.Context(), s.write(t, claims)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	accepted("one of several audiences", map[string]any{"aud": []string{"another", legacy.Audience}})
	accepted("an issuer whose clock is a minute ahead", map[string]any{"nbf": in(time.Minute), "iat": in(time.Minute)})

	refused := func(what, assertion string) {
		t.Helper()
		if got, err := v.Verify(t.Context(), assertion); !errors.Is(err, identity.ErrInvalid) || got != (identity.Person{}) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	refused("no audience", s.write(t, map[string]any{"aud": nil}))
	refused("another audience", s.write(t, map[string]any{"aud": []string{"another"}}))
	refused("another issuer", s.write(t, map[string]any{"iss": s.URL + "/"}))
	refused("no end", s.write(t, map[string]any{"exp": nil}))
	refused("over", s.write(t, map[string]any{"exp": in(-time.Second)}))
	refused("an end that is no time", s.write(t, map[string]any{"exp": "tomorrow"}))
	refused("not yet", s.write(t, map[string]any{"nbf": in(10 * time.Minute)}))
	refused("unknown key", s.sign(t, jwt.SigningMethodES256, s.key, nil, map[string]any{"kid": "2"}))
	refused("no key", s.sign(t, jwt.SigningMethodES256, s.key, nil, map[string]any{"kid": nil}))
	refused("an extension that has to be understood", s.sign(t, jwt.SigningMethodES256, s.key, nil, map[string]any{"crit": []string{"b64"}, "b64": false}))
	refused("alg none", s.sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, nil))
	public, err := x509.MarshalPKIXPublicKey(&s.key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	refused("the public key as a secret", s.sign(t, jwt.SigningMethodHS256, public, nil, nil))
	edwards := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	refused("another algorithm", s.sign(t, jwt.SigningMethodEdDSA, edwards, nil, nil))
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	refused("somebody else's signature", s.sign(t, jwt.SigningMethodES256, other, nil, nil))
	good := s.write(t, nil)
	for n := range len(good) {
		refused("cut off", good[:n])
	}
	refused("a part more", good+".")
	refused("padded", good+"=")
}
