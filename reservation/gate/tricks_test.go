package gate_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"sunbeon/controlplane/plan"
	"sunbeon/reservation/credential"
)

// These are the tricks by which people jumped the line in 2021, each played
// against a gate.

// Trick: open the address of the form before the hour. Only the landing page
// was guarded.
func TestTrickDirectAddressBeforeOpening(t *testing.T) {
	w := newWorld(t)
	w.was.register(w, "was-1")
	w.define("a")
	p := w.citizen("early")
	p.join()
	status, body := p.post("/v1/claim", nil, nil)
	want(t, "claim in the lobby", status, body, http.StatusConflict, "not_called")
	for _, path := range []string{"/v1/institutions", "/v1/institutions/3/slots", "/v1/eligibility"} {
		status, body := p.get(path, nil)
		want(t, path, status, body, http.StatusUnauthorized, "pass_required")
	}
	status, body = p.post("/v1/bookings", map[string]string{"slot_id": "5"}, nil)
	want(t, "booking", status, body, http.StatusUnauthorized, "pass_required")
	resp, page := p.submit("/book", "slot_id=5&key=k")
	if resp.StatusCode < 400 || strings.Contains(page, "A-1") {
		t.Errorf("the form before the hour: %d %s", resp.StatusCode, page)
	}
	if n := w.was.count(); n != 0 {
		t.Errorf("%d requests reached the booking server", n)
	}
}

// Trick: aeroplane mode for three seconds, then refresh. The client let people
// in when the queue server did not answer.
func TestTrickAeroplaneMode(t *testing.T) {
	w := newWorld(t)
	w.was.register(w, "was-1")
	w.define("a")
	p := w.citizen("one")
	p.join()
	w.cluster.down.Store(true)
	status, body := p.post("/v1/claim", nil, nil)
	want(t, "claim while nobody answers the gate", status, body, http.StatusConflict, "not_called")
	status, body = p.get("/v1/institutions", nil)
	want(t, "search while nobody answers the gate", status, body, http.StatusUnauthorized, "pass_required")
}

// Trick: a console command or a user script sets the flag by which the client
// decided admission.
func TestTrickConsoleCommand(t *testing.T) {
	w := newWorld(t)
	w.was.register(w, "was-1")
	w.define("a")
	p := w.citizen("one")
	p.join()
	w.move("a", plan.Open)
	p.header.Set("X-Sunbeon-Admitted", "true")
	p.header.Set("X-Sunbeon-Role", "gate")
	p.cookies["admitted"], p.cookies["sunbeon_turn"] = "1", "1"
	status, body := p.post("/v1/claim?turn=1&admitted=true", map[string]any{"turn": 1, "serving": 1 << 40}, nil)
	want(t, "claim with a flag", status, body, http.StatusConflict, "not_called")
	status, body = p.get("/v1/institutions?pass=true", nil)
	want(t, "search with a flag", status, body, http.StatusUnauthorized, "pass_required")
}

// Trick: set the device's clock ahead.
func TestTrickDeviceClock(t *testing.T) {
	w := newWorld(t)
	w.define("a", func(c *plan.Cohort) {
		c.OpenMS, c.CloseMS = time.Now().Add(time.Hour).UnixMilli(), time.Now().Add(2*time.Hour).UnixMilli()
	})
	p := w.citizen("one")
	p.join()
	p.header.Set("Date", time.Now().Add(2*time.Hour).UTC().Format(http.TimeFormat))
	p.header.Set("If-Modified-Since", time.Now().Add(2*time.Hour).UTC().Format(http.TimeFormat))
	status, body := p.post("/v1/claim", map[string]any{"time_ms": time.Now().Add(2 * time.Hour).UnixMilli()}, nil)
	want(t, "claim by another clock", status, body, http.StatusConflict, "not_called")
}

// Trick: another browser, device, tab or a lost cookie. Places were given per
// connection.
func TestTrickAnotherBrowser(t *testing.T) {
	w := newWorld(t)
	w.define("a")
	first := w.citizen("one").join()
	again := w.citizen("one") // identified anew, without any cookie
	for _, p := range []*person{again, again.device(), again.device()} {
		if got := p.join(); got.Seq != first.Seq || got.Ticket != first.Ticket {
			t.Errorf("another place: %+v, %+v", first, got)
		}
	}
	if next := w.citizen("two").join(); next.Seq != first.Seq+1 {
		t.Errorf("the next person has number %d", next.Seq)
	}
}

// Trick: share or replay a pass. Tokens were not bound.
func TestTrickSharedPass(t *testing.T) {
	w := newWorld(t)
	w.define("a")
	one, two := w.citizen("one"), w.citizen("two")
	one.join()
	two.join()
	w.move("a", plan.Open)
	w.keepCalling("a", 50)
	got := one.enter()
	if again := one.device().enter(); again.Pass != got.Pass {
		t.Error("fetched again, the pass is another")
	}
	_, jwks := w.anyone().do(http.MethodGet, "/.well-known/jwks.json", "", nil)
	verifier := credential.NewPassVerifier(credential.NewKeySet(w.http.URL+"/.well-known/jwks.json", http.DefaultClient))
	verify := func(token string, nowMS int64) (credential.Pass, error) {
		return verifier.Verify(t.Context(), token, nowMS)
	}
	now := time.Now().UnixMilli()
	pass, err := verify(got.Pass, now)
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := credential.LoadKeys(w.config.Keys)
	if err != nil {
		t.Fatal(err)
	}
	ref := func(p *person) string {
		login, err := secrets.Login.Open(p.cookies["sunbeon_login"], now)
		if err != nil {
			t.Fatal(err)
		}
		return secrets.Person.Ref(login.CI)
	}
	if err := pass.BoundTo(ref(one)); err != nil {
		t.Errorf("the owner: %v", err)
	}
	if err := pass.BoundTo(ref(two)); !errors.Is(err, credential.ErrOtherPerson) {
		t.Errorf("somebody else: %v", err)
	}

	forged := map[string]string{
		"truncated": got.Pass[:len(got.Pass)-4],
		"bent":      swapByte(got.Pass, len(got.Pass)-20),
		"by another key": sign(t, jwt.SigningMethodEdDSA, ed25519.NewKeyFromSeed(make([]byte, 32)),
			jwt.MapClaims{"sub": ref(one), "exp": now/1000 + 600}),
		"alg none": sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType,
			jwt.MapClaims{"sub": ref(one), "exp": now/1000 + 600}),
		"by the public key as HMAC": sign(t, jwt.SigningMethodHS256, []byte(jwks), jwt.MapClaims{"sub": ref(one)}),
		"ticket for a pass":         one.join().Ticket,
	}
	for name, token := range forged {
		if _, err := verify(token, now); err == nil {
			t.Errorf("%s: verifies", name)
		}
	}
	if _, err := verify(got.Pass, got.ExpiresMS+1000); !errors.Is(err, credential.ErrExpired) {
		t.Errorf("expired: %v", err)
	}
}

// Trick: send a login that was forged, cut, kept too long or made for another
// use. None of them costs anybody a number.
func TestTrickForgedLogin(t *testing.T) {
	w := newWorld(t)
	w.define("a")
	p := w.citizen("one")
	good := p.cookies["sunbeon_login"]
	secrets, err := credential.LoadKeys(w.config.Keys)
	if err != nil {
		t.Fatal(err)
	}
	expired, err := secrets.Login.Seal(credential.Login{CI: "x", Birth: "1985-03-09", ExpiresMS: time.Now().UnixMilli() - 1})
	if err != nil {
		t.Fatal(err)
	}
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." +
		base64.RawURLEncoding.EncodeToString([]byte(`{"ci":"x","birth":"1985-03-09"}`)) + "."
	for name, f := range map[string]struct{ cookie, code string }{
		"truncated": {good[:len(good)-3], "login_invalid"},
		"bent":      {swapByte(good, 12), "login_invalid"},
		"twice":     {good + good, "login_invalid"},
		"expired":   {expired, "login_expired"},
		"alg none":  {none, "login_invalid"},
		"oversized": {strings.Repeat("A", 5000), "login_invalid"},
	} {
		thief := w.anyone()
		thief.cookies["sunbeon_login"] = f.cookie
		status, body := thief.post("/v1/ticket", nil, nil)
		want(t, name, status, body, http.StatusUnauthorized, f.code)
	}
	if got := p.join(); got.Seq != 1 {
		t.Errorf("numbers were burnt: the first person has %d", got.Seq)
	}
}

// Trick: the gate's operator shows the record without a ticket that somebody
// holds a receipt for. The receipt leads to a checkpoint everybody has.
func TestTrickLeavingSomebodyOut(t *testing.T) {
	w := newWorld(t)
	w.define("a")
	p := w.citizen("one")
	p.join()
	w.restart() // which signs what the record has come to
	var proof struct {
		Receipt    json.RawMessage `json:"receipt"`
		Path       []string        `json:"path"`
		Checkpoint string          `json:"checkpoint"`
	}
	w.eventually("a checkpoint covers the ticket", func() bool {
		status, _ := p.get("/v1/ticket/proof", &proof)
		return status == http.StatusOK
	})
	_, public := w.anyone().do(http.MethodGet, "/v1/checkpoint", "", nil)
	if proof.Checkpoint != public || len(proof.Receipt) < 10 {
		t.Errorf("proof by another checkpoint than the public one: %q, %q", proof.Checkpoint, public)
	}
	w.eventually("the plan keeps it", func() bool {
		for _, c := range w.cluster.current().Checkpoints {
			if c.Note == public {
				return true
			}
		}
		return false
	})
}

func sign(t *testing.T, method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
	t.Helper()
	token, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// swapByte changes one character of a token.
func swapByte(token string, at int) string {
	other := byte('A')
	if token[at] == other {
		other = 'B'
	}
	return fmt.Sprint(token[:at], string(other), token[at+1:])
}
