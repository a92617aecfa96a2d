package gate_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sunbeon/controlplane/plan"
	"sunbeon/reservation/gate"
	"sunbeon/reservation/upstream/legacy"
)

func (w *world) logIn(assertion string) (int, string) {
	return w.anyone().post("/v1/login", map[string]string{"assertion": assertion}, nil)
}

func TestLoginRefusesWhatTheIssuerDidNotSay(t *testing.T) {
	w := newWorld(t)
	w.define("a")
	someone := legacy.Person{Name: "one", Birth: "1985-03-09", Digits: "one"}
	forged, _ := w.issuer.Forge("kakao", someone, time.Now())
	expired, _ := w.issuer.Assert("kakao", someone, time.Now().Add(-time.Hour))
	none, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{
		"iss": w.identity.URL, "aud": "sunbeon", "exp": time.Now().Add(time.Hour).Unix(),
		"ci": strings.Repeat("c", 88), "name": "x", "birthdate": "1985-03-09",
	}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := legacy.NewIssuer("http://elsewhere", "")
	if err != nil {
		t.Fatal(err)
	}
	foreign, _ := elsewhere.Assert("kakao", someone, time.Now())
	good := w.assertion("one")
	for name, assertion := range map[string]string{
		"forged": forged, "expired": expired, "alg none": none, "another issuer's": foreign,
		"empty": "", "nonsense": "a.b.c", "truncated": good[:len(good)-2], "oversized": good + strings.Repeat("A", 9000),
	} {
		status, body := w.logIn(assertion)
		want(t, name, status, body, http.StatusUnauthorized, "identity_invalid")
	}
	if status, body := w.logIn(good); status != http.StatusOK || !strings.Contains(body, `"cohort":"a"`) {
		t.Errorf("genuine: %d %s", status, body)
	}
}

func TestLoggingInTakesThePlaceInTheSameStep(t *testing.T) {
	w := newWorld(t)
	join := func(p *person, name string) (told struct {
		Cohort string
		Ticket *ticket
	}) {
		t.Helper()
		if status, body := p.post("/v1/login", map[string]any{"assertion": w.assertion(name), "join": true}, &told); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
		return told
	}
	now := time.Now().UnixMilli()
	w.cluster.do(plan.CohortDefine, plan.DefineCohort{Cohort: plan.Cohort{
		ID: "a", BirthFrom: "1900-01-01", BirthTo: "2020-12-31", Order: plan.OrderFirstCome,
		LobbyMS: now + 60_000, OpenMS: now + 120_000, CloseMS: now + 180_000,
	}})
	w.follows("a", plan.Scheduled)
	one := w.anyone()
	if early := join(one, "one"); early.Cohort != "a" || early.Ticket != nil {
		t.Errorf("before the lobby: %+v", early)
	}
	status, body := one.post("/v1/ticket", nil, nil)
	want(t, "logged in all the same, and told why", status, body, http.StatusConflict, "not_open")
	w.move("a", plan.Lobby)
	taken := join(one, "one").Ticket
	if taken == nil || taken.Seq != 1 {
		t.Fatalf("in the lobby: %+v", taken)
	}
	if again := join(w.anyone(), "one").Ticket; again == nil || again.Seq != 1 {
		t.Errorf("by another device: %+v", again)
	}
	if diff := cmp.Diff(*taken, one.join(), cmpopts.IgnoreFields(ticket{}, "Receipt")); diff != "" {
		t.Errorf("taken with the login (-) and asked for after it (+):\n%s", diff)
	}
	var without struct{ Ticket *ticket }
	if w.anyone().post("/v1/login", map[string]string{"assertion": w.assertion("two")}, &without); without.Ticket != nil {
		t.Errorf("who did not ask has %+v", without.Ticket)
	}
}

func TestAllProvidersLeadToOnePlace(t *testing.T) {
	w := newWorld(t)
	w.define("a")
	for _, provider := range []string{"kakao", "naver", "pass"} {
		assertion, _ := w.issuer.Assert(provider, legacy.Person{Name: "one", Birth: "1985-03-09", Digits: "one"}, time.Now())
		p := w.anyone()
		p.post("/v1/login", map[string]string{"assertion": assertion}, nil)
		if got := p.join(); got.Seq != 1 {
			t.Errorf("by %s the person has number %d", provider, got.Seq)
		}
	}
}

func TestAnIssuerThatIsDownIsNamed(t *testing.T) {
	w := newWorld(t)
	w.identityDown.Store(true)
	assertion := w.assertion("one")
	status, body := w.logIn(assertion)
	want(t, "issuer down", status, body, http.StatusServiceUnavailable, "upstream_down")
	if !strings.Contains(body, w.identity.URL) {
		t.Errorf("nobody is named: %s", body)
	}
	w.identityDown.Store(false)
	w.eventually("the login works once the issuer is back", func() bool {
		status, _ := w.logIn(assertion)
		return status == http.StatusOK
	})
	// Known keys go on working when it is down again.
	w.identityDown.Store(true)
	if status, body := w.logIn(w.assertion("two")); status != http.StatusOK {
		t.Errorf("%d %s", status, body)
	}
}

func TestIdentityChecksAreMetered(t *testing.T) {
	w := newWorld(t, func(c *gate.Config) { c.IdentityRate = 1 })
	if status, body := w.logIn(w.assertion("one")); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	resp, body := w.anyone().do(http.MethodPost, "/v1/login", "application/json", strings.NewReader(`{"assertion":"`+w.assertion("two")+`"}`))
	want(t, "second check within the second", resp.StatusCode, body, http.StatusServiceUnavailable, "identity_metered")
	if resp.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	// Another provider is not held up by this one's rush.
	other, _ := w.issuer.Assert("naver", legacy.Person{Name: "x", Birth: "1985-03-09", Digits: "x"}, time.Now())
	if status, body := w.logIn(other); status != http.StatusOK {
		t.Errorf("another provider: %d %s", status, body)
	}
}

func TestMalformedLogins(t *testing.T) {
	w := newWorld(t)
	f := func(name, contentType, body string, wantStatus int, wantCode string) {
		t.Helper()
		resp, text := w.anyone().do(http.MethodPost, "/v1/login", contentType, strings.NewReader(body))
		want(t, name, resp.StatusCode, text, wantStatus, wantCode)
	}
	f("a form", "application/x-www-form-urlencoded", "assertion=x", http.StatusUnsupportedMediaType, "not_json")
	f("no type", "", "{}", http.StatusUnsupportedMediaType, "not_json")
	f("broken", "application/json", `{"assertion":`, http.StatusBadRequest, "malformed")
	f("two values", "application/json", `{} {}`, http.StatusBadRequest, "malformed")
	f("another type", "application/json", `{"assertion":5}`, http.StatusBadRequest, "malformed")
	f("oversized", "application/json", `{"assertion":"`+strings.Repeat("A", 20_000)+`"}`, http.StatusRequestEntityTooLarge, "body_too_large")
}

func TestOtherSitesCannotWrite(t *testing.T) {
	w := newWorld(t)
	w.define("a")
	p := w.citizen("one")
	p.header.Set("Origin", "https://evil.example")
	status, body := p.post("/v1/ticket", nil, nil)
	want(t, "another site's form", status, body, http.StatusForbidden, "cross_origin")
	resp, body := p.submit("/line", "")
	want(t, "another site's form on a page", resp.StatusCode, body, http.StatusForbidden, "cross_origin")
	p.header.Set("Origin", w.http.URL)
	p.join()
}
