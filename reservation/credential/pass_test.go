package credential_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/credential"
)

var pass = credential.Pass{
	ID: "p-1", Cohort: "a", Person: "f00d", Turn: 12, Segment: 3,
	IssuedMS: now - 1, ExpiresMS: now + 60_500,
}

func passSigner(t *testing.T, fill byte) *credential.PassSigner {
	t.Helper()
	signer, err := credential.NewPassSigner(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{fill}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// publisher serves key sets and counts how often it was asked.
type publisher struct {
	*httptest.Server
	jwks  atomic.Pointer[[]byte]
	down  atomic.Bool
	asked atomic.Int64
}

func newPublisher(t *testing.T, jwks []byte) *publisher {
	t.Helper()
	p := &publisher{}
	p.jwks.Store(&jwks)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.asked.Add(1)
		if p.down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Write(*p.jwks.Load())
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *publisher) verifier() *credential.PassVerifier {
	return credential.NewPassVerifier(credential.NewKeySet(p.URL, p.Client()))
}

func sign(t *testing.T, s *credential.PassSigner, p credential.Pass) string {
	t.Helper()
	token, err := s.Sign(p)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestPassVerifiesAgainstPublishedKeys(t *testing.T) {
	signer := passSigner(t, 1)
	token := sign(t, signer, pass)
	if again := sign(t, passSigner(t, 1), pass); again != token {
		t.Error("the same pass has two spellings")
	}
	p := newPublisher(t, signer.JWKS())
	verifier := p.verifier()
	for range 3 {
		got, err := verifier.Verify(context.Background(), token, now)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(pass, got); diff != "" {
			t.Error(diff)
		}
	}
	p.down.Store(true)
	if _, err := verifier.Verify(context.Background(), sign(t, signer, credential.Pass{ID: "p-2", Person: "x", ExpiresMS: now + 1}), now); err != nil {
		t.Errorf("a known key stopped working with the publisher: %v", err)
	}
	if n := p.asked.Load(); n != 1 {
		t.Errorf("asked the publisher %d times", n)
	}
	if _, err := verifier.Verify(context.Background(), token, pass.ExpiresMS); !errors.Is(err, credential.ErrExpired) {
		t.Errorf("a remembered pass outlived its time: %v", err)
	}
}

func TestPassRefusals(t *testing.T) {
	signer := passSigner(t, 1)
	good := sign(t, signer, pass)
	claims := jwt.MapClaims{"iss": "sunbeon", "sub": "f00d", "jti": "p-1", "exp_ms": now + 1000}
	kid := header(t, good)["kid"]
	craft := func(method jwt.SigningMethod, key any) string {
		token := jwt.NewWithClaims(method, claims)
		token.Header["kid"] = kid
		signed, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	verifier := newPublisher(t, signer.JWKS()).verifier()
	f := func(name, token string, want error) {
		t.Helper()
		if got, err := verifier.Verify(context.Background(), token, now); !errors.Is(err, want) || got != (credential.Pass{}) {
			t.Errorf("%s: %+v, %v, want %v", name, got, err, want)
		}
	}
	expired := pass
	expired.ExpiresMS = now
	f("expired", sign(t, signer, expired), credential.ErrExpired)
	f("alg none", craft(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType), credential.ErrForged)
	public := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32)).Public().(ed25519.PublicKey)
	f("public key as HMAC secret", craft(jwt.SigningMethodHS256, []byte(public)), credential.ErrForged)
	f("forged with the right kid", craft(jwt.SigningMethodEdDSA, ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, 32))), credential.ErrForged)
	f("unknown kid", sign(t, passSigner(t, 2), pass), credential.ErrForged)
	f("another issuer's", func() string {
		claims["iss"] = "x"
		return craft(jwt.SigningMethodEdDSA, ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32)))
	}(), credential.ErrForged)
	f("empty", "", credential.ErrForged)
	f("oversized", good+strings.Repeat("A", 1<<20), credential.ErrForged)
	for n := range len(good) {
		f("truncated", good[:n], credential.ErrForged)
	}
}

func TestSignerVouchesOnceForWhatItMade(t *testing.T) {
	signer := passSigner(t, 1)
	token := sign(t, signer, pass)
	f := func(token string, want bool) {
		t.Helper()
		if got := signer.Vouch(token); got != want {
			t.Errorf("%.20q…: %v", token, got)
		}
	}
	f(sign(t, passSigner(t, 2), pass), false)
	f(token[:len(token)-1], false)
	f(token+"A", false)
	f("", false)
	f(strings.Repeat("x", 1<<20), false)
	f(token, true)
	f(token, false)
	f(sign(t, signer, pass), true) // fetched again
}

// Who vouches for a pass answers for its signature and for nothing else.
func TestVerifyIssuedTakesTheSignatureOnTrust(t *testing.T) {
	signer := passSigner(t, 1)
	p := newPublisher(t, signer.JWKS())
	token := sign(t, signer, pass)
	unsigned := token[:strings.LastIndexByte(token, '.')+1] + strings.Repeat("A", 86)
	expired := pass
	expired.ExpiresMS = now
	f := func(name, token string, want error) {
		t.Helper()
		got, err := p.verifier().VerifyIssued(t.Context(), token, now)
		if !errors.Is(err, want) || (want == nil) != (got == pass) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	f("of another's signature", unsigned, nil)
	f("expired", sign(t, signer, expired), credential.ErrExpired)
	f("under an unknown key", sign(t, passSigner(t, 2), pass), credential.ErrForged)
	f("no pass", "x.y.z", credential.ErrForged)
	f("empty", "", credential.ErrForged)
	f("nobody's", sign(t, signer, credential.Pass{ExpiresMS: now + 1}), credential.ErrForged)
	f("alg none", func() string {
		none, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{"iss": "sunbeon", "sub": "x", "jti": "p", "exp_ms": now + 1}).
			SignedString(jwt.UnsafeAllowNoneSignatureType)
		if err != nil {
			t.Fatal(err)
		}
		return none
	}(), credential.ErrForged)
	p.down.Store(true)
	f("without keys", token, credential.ErrKeysUnavailable)
}

// A pass is a JWT to whoever has the key, in whole seconds.
func TestPassIsAJWT(t *testing.T) {
	signer := passSigner(t, 1)
	quoted := pass
	quoted.Cohort = `"가"<&`
	var claims jwt.MapClaims
	token, err := jwt.NewParser(jwt.WithTimeFunc(func() time.Time { return time.UnixMilli(now) }), jwt.WithExpirationRequired()).
		ParseWithClaims(sign(t, signer, quoted), &claims, func(*jwt.Token) (any, error) {
			return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32)).Public(), nil
		})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"alg": "EdDSA", "typ": "JWT", "kid": token.Header["kid"]}, token.Header); diff != "" {
		t.Error(diff)
	}
	want := jwt.MapClaims{
		"iss": "sunbeon", "sub": "f00d", "jti": "p-1", "cohort": quoted.Cohort, "turn": 12.0, "segment": 3.0,
		"iat": float64((now - 1) / 1000), "exp": float64((now + 60_500) / 1000), "iat_ms": float64(now - 1), "exp_ms": float64(now + 60_500),
	}
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Error(diff)
	}
	if got, err := credential.ReadPass(sign(t, signer, quoted)); err != nil || got != quoted {
		t.Errorf("read %+v, %v", got, err)
	}
}

func TestReadPassTellsWhatAnotherHasVerified(t *testing.T) {
	got, err := credential.ReadPass(sign(t, passSigner(t, 1), pass))
	if diff := cmp.Diff(pass, got); err != nil || diff != "" {
		t.Errorf("%v, %s", err, diff)
	}
	empty := sign(t, passSigner(t, 1), credential.Pass{})
	for _, token := range []string{"", "not a pass", empty, strings.Repeat("x", 1<<20)} {
		if _, err := credential.ReadPass(token); !errors.Is(err, credential.ErrForged) {
			t.Errorf("%.20q: %v", token, err)
		}
	}
}

func TestPassIsBound(t *testing.T) {
	if err := pass.BoundTo("f00d"); err != nil {
		t.Error(err)
	}
	for _, person := range []string{"beef", ""} {
		if err := pass.BoundTo(person); !errors.Is(err, credential.ErrOtherPerson) {
			t.Errorf("BoundTo(%q) = %v", person, err)
		}
	}
	if err := (credential.Pass{}).BoundTo(""); !errors.Is(err, credential.ErrOtherPerson) {
		t.Errorf("nobody's pass is bound to nobody: %v", err)
	}
}

func TestVerifierFailsClosedWithoutKeys(t *testing.T) {
	signer := passSigner(t, 1)
	p := newPublisher(t, signer.JWKS())
	p.down.Store(true)
	verifier := p.verifier()
	token := sign(t, signer, pass)
	if _, err := verifier.Verify(context.Background(), token, now); !errors.Is(err, credential.ErrKeysUnavailable) {
		t.Fatalf("err = %v", err)
	}
	p.down.Store(false)
	if _, err := verifier.Verify(context.Background(), token, now); err != nil {
		t.Errorf("after the publisher is back: %v", err)
	}
}

func TestInventedKeyNamesDoNotFloodThePublisher(t *testing.T) {
	p := newPublisher(t, passSigner(t, 1).JWKS())
	verifier := p.verifier()
	stranger := sign(t, passSigner(t, 2), pass)
	var wg sync.WaitGroup
	start := time.Now()
	for range 200 {
		wg.Go(func() {
			if _, err := verifier.Verify(context.Background(), stranger, now); !errors.Is(err, credential.ErrForged) {
				t.Errorf("err = %v", err)
			}
		})
	}
	wg.Wait()
	if n, most := p.asked.Load(), 4+int64(time.Since(start).Seconds()); n > most {
		t.Errorf("asked the publisher %d times, at most %d allowed", n, most)
	}
}

func TestKeySetIgnoresKeysThatMustNotVerify(t *testing.T) {
	secret := jose.JSONWebKey{Key: []byte("symmetric"), KeyID: "sym", Algorithm: "HS256"}
	private := jose.JSONWebKey{Key: ed25519.NewKeyFromSeed(make([]byte, 32)), KeyID: "private", Algorithm: "EdDSA"}
	wrongUse := jose.JSONWebKey{Key: ed25519.NewKeyFromSeed(make([]byte, 32)).Public(), KeyID: "enc", Use: "enc"}
	jwks, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{secret, private, wrongUse}})
	if err != nil {
		t.Fatal(err)
	}
	p := newPublisher(t, jwks)
	set := credential.NewKeySet(p.URL, p.Client())
	for _, kid := range []string{"sym", "private", "enc", ""} {
		if _, err := set.Key(context.Background(), kid); !errors.Is(err, credential.ErrForged) {
			t.Errorf("Key(%q): %v", kid, err)
		}
	}
}

func header(t *testing.T, token string) map[string]any {
	t.Helper()
	parsed, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Header
}
