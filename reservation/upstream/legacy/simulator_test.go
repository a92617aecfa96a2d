package legacy_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sunbeon/internal/pki"
	"sunbeon/internal/problem"
	"sunbeon/reservation/upstream/legacy"
)

// simulate opens a simulator whose systems answer at once.
func simulate(t *testing.T, issuer, dir string) *legacy.Simulator {
	t.Helper()
	fast := legacy.Profile{Capacity: 1e5, ServiceTime: time.Microsecond}
	s, err := legacy.New(legacy.Config{
		IssuerURL: issuer,
		Dir:       dir,
		Profiles:  map[string]legacy.Profile{legacy.Identity: fast, legacy.Eligibility: fast, legacy.Stock: fast},
		Registry:  prometheus.NewRegistry(),
		Logger:    slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func bare(_ string, h http.Handler) http.Handler { return h }

func send(t *testing.T, client *http.Client, method, url, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// code is the status of a response and, for an error, its problem's code.
func code(t *testing.T, server *httptest.Server, method, path, body string) string {
	t.Helper()
	resp := send(t, server.Client(), method, server.URL+path, body)
	if resp.StatusCode < 300 {
		return fmt.Sprint(resp.StatusCode)
	}
	return fmt.Sprint(resp.StatusCode, " ", problem.Read(resp).Code)
}

func put(t *testing.T, server *httptest.Server, faults string) {
	t.Helper()
	if got := code(t, server, http.MethodPut, "/faults", faults); got != "200" {
		t.Fatalf("put %s: %s", faults, got)
	}
}

func TestFaultsOverHTTP(t *testing.T) {
	_, server := provider(t, "")
	const person = `{"name":"a","birth":"1980-01-01","digits":"1"}`
	f := func(faults, want string) {
		t.Helper()
		put(t, server, faults)
		if got := code(t, server, http.MethodPost, "/identity/kakao", person); got != want {
			t.Errorf("under %s: got %s, want %s", faults, got, want)
		}
	}
	f(`{}`, "200")
	f(`{"identity":{"down":true}}`, "503 down")
	f(`{"identity":{"error_rate":1}}`, "500 system_error")
	f(`{"stock":{"down":true}}`, "200")
	if got := code(t, server, http.MethodPut, "/faults", `{"stock":{"downn":true}}`); got != "422 invalid_faults" {
		t.Errorf("a misspelt fault: %s", got)
	}
	resp := send(t, server.Client(), http.MethodGet, server.URL+"/faults", "")
	body, _ := io.ReadAll(resp.Body)
	if got := strings.TrimSpace(string(body)); got != `{"stock":{"down":true}}` {
		t.Errorf("faults read back: %s", got)
	}
	put(t, server, `{"identity":{"lost_rate":1}}`)
	if resp, err := http.Post(server.URL+"/identity/kakao", "application/json", strings.NewReader(person)); err == nil {
		t.Errorf("a lost answer arrived: %s", resp.Status)
	}
}

func TestPublicListenerHasNoPrivateSystems(t *testing.T) {
	_, server := provider(t, "")
	for _, path := range []string{"/eligibility", "/stock", "/stock/reservations/a"} {
		if resp := send(t, server.Client(), http.MethodGet, server.URL+path, ""); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
}

// private serves the private listener with real certificates.
func private(t *testing.T, s *legacy.Simulator) (url, certificates string) {
	t.Helper()
	certificates = t.TempDir()
	if err := pki.Ensure(certificates, time.Now()); err != nil {
		t.Fatal(err)
	}
	identity, err := pki.Load(certificates, "legacy")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	s.Mount(mux, bare)
	server := httptest.NewUnstartedServer(mux)
	server.TLS = identity.ServerTLS()
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL, certificates
}

func as(t *testing.T, certificates, role string) *http.Client {
	t.Helper()
	identity, err := pki.Load(certificates, role)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: identity.ClientTLS()}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestPrivateSystemsAskForARole(t *testing.T) {
	url, certificates := private(t, simulate(t, "http://issuer", ""))
	order := `{"key":"k","institution":"i","vaccine":"v","date":"2021-08-23","doses":2}`
	applicant := `{"ci":"` + legacy.ConnectingInformation("1") + `","birth":"1980-01-01","cohort":"c"}`
	f := func(role, method, path, body string, want int) {
		t.Helper()
		if resp := send(t, as(t, certificates, role), method, url+path, body); resp.StatusCode != want {
			t.Errorf("%s: %s %s: %s, want %d", role, method, path, resp.Status, want)
		}
	}
	f("was", http.MethodPost, "/eligibility", applicant, 200)
	f("gate", http.MethodPost, "/eligibility", applicant, 403)
	f("was", http.MethodPost, "/stock/reservations", order, 201)
	f("was", http.MethodPost, "/stock/reservations", order, 200)
	f("rush", http.MethodPost, "/stock/reservations", order, 403)
	f("rush", http.MethodGet, "/stock/reservations/k", "", 200)
	f("was", http.MethodDelete, "/stock/reservations/k", "", 204)
	f("was", http.MethodGet, "/stock/reservations/k", "", 404)
	f("was", http.MethodPost, "/stock/reservations", order, 409)
	f("gate", http.MethodGet, "/stock", "", 403)
	f("gate", http.MethodGet, "/jwks.json", "", 200)
}

// TestDescriptionIsTrue asks every endpoint of the description and expects no
// status it does not name.
func TestDescriptionIsTrue(t *testing.T) {
	url, certificates := private(t, simulate(t, "http://issuer", ""))
	client := as(t, certificates, "was")
	resp := send(t, client, http.MethodGet, url+"/openapi.json", "")
	var description struct {
		OpenAPI string
		Paths   map[string]map[string]struct{ Responses map[string]any }
	}
	if err := json.NewDecoder(resp.Body).Decode(&description); err != nil {
		t.Fatal(err)
	}
	if description.OpenAPI != "3.1.0" || len(description.Paths) != 12 {
		t.Errorf("OpenAPI %s with %d paths", description.OpenAPI, len(description.Paths))
	}
	for path, operations := range description.Paths {
		for method, operation := range operations {
			path := strings.NewReplacer("{provider}", "kakao", "{key}", "nobody").Replace(path)
			for _, body := range []string{"", "{}", "nonsense"} {
				resp := send(t, client, strings.ToUpper(method), url+path, body)
				if _, named := operation.Responses[fmt.Sprint(resp.StatusCode)]; !named {
					t.Errorf("%s %s with body %q: %s is not described", method, path, body, resp.Status)
				}
			}
		}
	}
}

func TestHomePage(t *testing.T) {
	_, server := provider(t, "")
	put(t, server, `{"stock":{"stall":true}}`)
	resp := send(t, server.Client(), http.MethodGet, server.URL+"/", "")
	html, _ := io.ReadAll(resp.Body)
	for _, want := range []string{"synthetic", "eligibility", "stalled", server.URL + "/identity/kakao"} {
		if !strings.Contains(string(html), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}
