package gate_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"sunbeon/controlplane/plan"
	"sunbeon/internal/pki"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/gate"
)

// glass is the private listener of a world's gate and somebody who may break
// the glass.
type glass struct {
	*world
	dir   string // of the certificates
	token string
}

func newGlass(t *testing.T) *glass {
	t.Helper()
	g := &glass{dir: t.TempDir()}
	if err := pki.Ensure(g.dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	g.world = newWorld(t, func(c *gate.Config) {
		c.Gates = &http.Transport{TLSClientConfig: g.identity(t, "gate").ClientTLS()}
	})
	g.token = g.sign(t, time.Now)
	return g
}

func (g *glass) identity(t *testing.T, role string) *pki.Identity {
	t.Helper()
	identity, err := pki.Load(g.dir, role)
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

func (g *glass) sign(t *testing.T, now func() time.Time) string {
	t.Helper()
	secret, err := credential.LoadSecret(g.config.Keys, "login.key")
	if err != nil {
		t.Fatal(err)
	}
	key, err := credential.NewBreakGlassKey(secret, now)
	if err != nil {
		t.Fatal(err)
	}
	token, err := key.Sign("kim")
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// private serves what the gate shows other processes.
func (g *glass) private(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.TLS = g.identity(t, "gate").ServerTLS()
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// ask sends a break-glass request as a role of a process.
func (g *glass) ask(t *testing.T, method, role, token string) (int, gate.HoldAnswer) {
	t.Helper()
	mux := http.NewServeMux()
	g.gate.RegisterPrivate(mux)
	request, _ := http.NewRequest(method, g.private(t, mux).URL+gate.HoldPath, bytes.NewReader([]byte(`{"reason":"wrong doses"}`)))
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	client := http.Client{Transport: &http.Transport{TLSClientConfig: g.identity(t, role).ClientTLS(), DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer gate.HoldAnswer
	if response.StatusCode == http.StatusOK {
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
	}
	return response.StatusCode, answer
}

func TestBreakGlassStopsTheLineWithoutAControlPlaneUntilReleased(t *testing.T) {
	g := newGlass(t)
	g.define("a")
	first, second := g.citizen("one"), g.citizen("two")
	first.join()
	second.join()
	g.move("a", plan.Open)
	g.keepCalling("a", 50)
	before := first.enter()
	g.cluster.down.Store(true)

	status, answer := g.ask(t, http.MethodPost, "operator", g.token)
	if status != http.StatusOK || !answer.Held || answer.Owner != "kim" || answer.Reason != "wrong doses" {
		t.Fatalf("hold: %d %+v", status, answer)
	}
	refused := func(when string) {
		t.Helper()
		status, body := second.post("/v1/claim", nil, nil)
		want(t, "claim "+when, status, body, http.StatusConflict, "not_called")
	}
	refused("under the hold")
	if again := first.enter(); again.ID != before.ID {
		t.Errorf("the pass changed: %+v, %+v", before, again)
	}
	g.cluster.down.Store(false)
	time.Sleep(300 * time.Millisecond) // the plan, which holds nothing, is seen again
	refused("although the plan goes on")
	g.restart()
	refused("after a restart")

	if status, answer = g.ask(t, http.MethodDelete, "operator", g.token); status != http.StatusOK || answer.Held {
		t.Fatalf("release: %d %+v", status, answer)
	}
	second.enter()
}

func TestBreakGlassReleasesOnlyItsOwnHold(t *testing.T) {
	g := newGlass(t)
	g.define("a")
	p := g.citizen("one")
	p.join()
	g.move("a", plan.Open)
	g.call("a", 50)
	g.cluster.do(plan.HoldSet, plan.SetHold{Scope: "a"})
	g.ask(t, http.MethodPost, "operator", g.token)
	g.ask(t, http.MethodDelete, "operator", g.token)
	time.Sleep(200 * time.Millisecond)
	status, body := p.post("/v1/claim", nil, nil)
	want(t, "claim under the plan's hold", status, body, http.StatusConflict, "not_called")
}

func TestBreakGlassNeedsAFreshTokenAndACertificate(t *testing.T) {
	g := newGlass(t)
	old := g.sign(t, func() time.Time { return time.Now().Add(-25 * time.Hour) })
	for name, try := range map[string]struct {
		role, token string
		want        int
	}{
		"an old token":           {"operator", old, http.StatusUnauthorized},
		"no token":               {"operator", "", http.StatusUnauthorized},
		"a booking server":       {"was", g.token, http.StatusForbidden},
		"an operator with token": {"operator", g.token, http.StatusOK},
	} {
		if status, _ := g.ask(t, http.MethodPost, try.role, try.token); status != try.want {
			t.Errorf("%s: %d, want %d", name, status, try.want)
		}
	}
}

func TestBreakGlassGoesToEveryGate(t *testing.T) {
	g := newGlass(t)
	g.define("a")
	var held atomic.Bool
	other := g.private(t, pki.RequireRole(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		held.Store(r.Method == http.MethodPost && r.URL.Path == gate.HoldPath)
		w.Write([]byte("{}"))
	}), "gate"))
	for id, url := range map[string]string{"gate-2": other.URL, "gate-3": "https://127.0.0.1:1"} {
		g.cluster.do(plan.InstanceRegister, plan.RegisterInstance{
			ID: id, Kind: plan.KindGate, URL: "http://x", PrivateURL: url, Version: "test", State: plan.Ready,
		})
	}
	g.eventually("the gate knows the others", func() bool {
		_, answer := g.ask(t, http.MethodPost, "operator", g.token)
		return held.Load() && len(answer.NotTold) == 1 && answer.NotTold[0] == "gate-3"
	})
	if matches, _ := filepath.Glob(filepath.Join(g.config.Data, "hold.json")); len(matches) != 1 {
		t.Error("the hold is not on disk")
	}
}
