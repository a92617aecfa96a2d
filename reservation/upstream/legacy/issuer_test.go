package legacy_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"sunbeon/reservation/upstream/legacy"
)

// provider serves the public listener and is a relying party to it.
func provider(t *testing.T, dir string) (*oidc.IDTokenVerifier, *httptest.Server) {
	t.Helper()
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	handler = simulate(t, server.URL, dir).Public(bare, http.NotFoundHandler())
	p, err := oidc.NewProvider(t.Context(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return p.Verifier(&oidc.Config{ClientID: legacy.Audience}), server
}

var minji = legacy.Person{
	Name: "김민지", Birth: "1988-02-29", Digits: "880229-2000001", Phone: "010-0000-0001", Province: "Seoul", Nonce: "n-1",
}

func identify(t *testing.T, server *httptest.Server, provider string, person legacy.Person) string {
	t.Helper()
	body, _ := json.Marshal(person)
	resp, err := http.Post(server.URL+"/identity/"+provider, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var got legacy.Assertion
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", resp.Status, err)
	}
	return got.Assertion
}

func TestAssertionVerifiesAndSaysWhoItIs(t *testing.T) {
	verifier, server := provider(t, "")
	token, err := verifier.Verify(t.Context(), identify(t, server, "kakao", minji))
	if err != nil {
		t.Fatal(err)
	}
	var claims legacy.Claims
	if err := token.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	if token.Nonce != "n-1" || claims.Name != minji.Name || claims.Birth != minji.Birth ||
		claims.Phone != minji.Phone || claims.Province != minji.Province || claims.Provider != "kakao" {
		t.Errorf("claims %+v do not say what was given", claims)
	}
	if life := token.Expiry.Sub(token.IssuedAt); life != 10*time.Minute {
		t.Errorf("lives %v, want 10m", life)
	}
	if raw, err := base64.StdEncoding.DecodeString(claims.CI); err != nil || len(raw) != 64 || len(claims.CI) != 88 {
		t.Errorf("ci %q is not 64 bytes in 88 characters", claims.CI)
	}
}

func TestConnectingInformationIsThePersons(t *testing.T) {
	verifier, server := provider(t, "")
	seen := func(provider string, person legacy.Person) (ci, sub string) {
		token, err := verifier.Verify(t.Context(), identify(t, server, provider, person))
		if err != nil {
			t.Fatal(err)
		}
		var claims legacy.Claims
		if err := token.Claims(&claims); err != nil {
			t.Fatal(err)
		}
		return claims.CI, token.Subject
	}
	typed := minji
	typed.Digits, typed.Name = " 8802292000001", "KIM MINJI"
	wide := minji
	wide.Digits = "８８０２２９－２０００００１"
	other := minji
	other.Digits = "880229-2000002"

	ci, sub := seen("kakao", minji)
	again, otherSub := seen("pass", typed)
	fullWidth, _ := seen("kakao", wide)
	if ci != again || ci != fullWidth {
		t.Error("one person has two CIs")
	}
	if sub == otherSub {
		t.Error("two providers share a subject")
	}
	if different, _ := seen("kakao", other); different == ci {
		t.Error("two persons share a CI")
	}
}

func TestLyingIssuerIsFoundOut(t *testing.T) {
	verifier, server := provider(t, "")
	put(t, server, `{"identity":{"lie_rate":1}}`)
	if _, err := verifier.Verify(t.Context(), identify(t, server, "kakao", minji)); err == nil {
		t.Error("a forged assertion verifies")
	}
}

func TestKeyOutlivesARestart(t *testing.T) {
	dir := t.TempDir()
	before, err := legacy.NewIssuer("http://issuer", dir)
	if err != nil {
		t.Fatal(err)
	}
	after, err := legacy.NewIssuer("http://issuer", dir)
	if err != nil {
		t.Fatal(err)
	}
	if before.JWKS().Keys[0].KeyID != after.JWKS().Keys[0].KeyID {
		t.Error("the key changed")
	}
	if err := os.WriteFile(filepath.Join(dir, "issuer.jwk"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := legacy.NewIssuer("http://issuer", dir); err == nil {
		t.Error("a corrupt key was taken")
	}
}

func TestIdentifyRefusesNonsense(t *testing.T) {
	_, server := provider(t, "")
	f := func(provider, body, want string) {
		t.Helper()
		if got := code(t, server, http.MethodPost, "/identity/"+provider, body); got != want {
			t.Errorf("%s %s: got %s, want %s", provider, body, got, want)
		}
	}
	f("visa", `{}`, "404 no_such_provider")
	f("kakao", ``, "400 malformed")
	f("kakao", `{"name":"a"} {}`, "400 malformed")
	f("kakao", `{"rrn":"x"}`, "400 malformed")
	f("kakao", `{"name":"`+string(bytes.Repeat([]byte("a"), 70<<10))+`"}`, "413 too_large")
	f("kakao", `{"name":"","birth":"1980-01-01","digits":"1"}`, "422 invalid_person")
	f("kakao", `{"name":"a","birth":"1980-01-01","digits":" - "}`, "422 invalid_person")
	f("kakao", `{"name":"a","birth":"1981-02-29","digits":"1"}`, "422 invalid_person")
	f("kakao", `{"name":"a","birth":"2999-01-01","digits":"1"}`, "422 invalid_person")
	f("kakao", `{"name":"a","birth":"80-01-01","digits":"1"}`, "422 invalid_person")
}

// Resident numbers of every century and sex, foreigners' and temporary ones name
// a person each, however they are typed.
func TestNumbersOfAllKindsNameOnePersonEach(t *testing.T) {
	seen := map[string]string{}
	for code := '0'; code <= '9'; code++ { // 1-4 residents, 5-8 foreigners, 9 and 0 born in the 1800s
		number := "000229-" + string(code) + "000001"
		ci := legacy.ConnectingInformation(number)
		for _, typed := range []string{"000229" + string(code) + "000001", " 000229 - " + string(code) + "000001 ", wide(number)} {
			if legacy.ConnectingInformation(typed) != ci {
				t.Errorf("%q names somebody else than %q", typed, number)
			}
		}
		if other, ok := seen[ci]; ok {
			t.Errorf("%s and %s are one person", number, other)
		}
		seen[ci] = number
	}
	for _, temporary := range []string{"T-2021-000017", "임시-17", "P12345678"} {
		if ci := legacy.ConnectingInformation(temporary); len(ci) != 88 || seen[ci] != "" {
			t.Errorf("%s: %q", temporary, ci)
		}
	}
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
