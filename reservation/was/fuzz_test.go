package was_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"sunbeon/internal/problem"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/was"
)

// inside is the handler as a request reaches it once TLS is done with.
func (e *evening) inside() http.Handler {
	mux := http.NewServeMux()
	e.server.Mount(mux)
	return mux
}

func as(role, name string) *tls.ConnectionState {
	return &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{{
		Subject: pkix.Name{CommonName: name, OrganizationalUnit: []string{role}},
	}}}}
}

// endless is a login that outlasts any test.
func (e *evening) endless(person string) string {
	e.t.Helper()
	token, err := e.keys.Login.Seal(credential.Login{CI: person, Name: person, Birth: "1990-02-28", ExpiresMS: math.MaxInt64})
	if err != nil {
		e.t.Fatal(err)
	}
	return token
}

// Whatever is sent, to whatever route, by whatever method: no answer is a 500,
// every refusal is a problem document with a code of the description, and the
// ledger stays sound.
func FuzzRequests(f *testing.F) {
	for _, seed := range [][4]string{
		{"GET", "/v1/eligibility", "", ""},
		{"GET", "/v1/institutions?province=Seoul&q=%EB%B0%9D&cursor=1&limit=200", "", ""},
		{"GET", "/v1/institutions?limit=-1&cursor=9223372036854775808", "", ""},
		{"GET", "/v1/institutions/1/slots?date=2021-02-30&cursor=x", "", ""},
		{"GET", "/v1/institutions/%00/slots", "", ""},
		{"GET", "/v1/slots/1", "", ""},
		{"GET", "/v1/slots/-0", "", ""},
		{"POST", "/v1/bookings", `{"slot_id":"1"}`, "k"},
		{"POST", "/v1/bookings", `{"slot_id":1}`, "k"},
		{"POST", "/v1/bookings", `{"slot_id":"1","slot_id":"2"}`, "\x7f"},
		{"POST", "/v1/bookings", `[[[[[[[[`, strings.Repeat("k", 201)},
		{"POST", "/v1/bookings", strings.Repeat(" ", 5<<10), "k"},
		{"GET", "/v1/bookings/mine", "", ""},
		{"POST", "/v1/bookings/0000-0000/change", `{"slot_id":"2"}`, "m"},
		{"POST", "/v1/bookings/7KQ3M2XA/rebook", `{"slot_id":"2"}`, "r"},
		{"DELETE", "/v1/bookings/%F0%9F%92%89", "", ""},
		{"GET", "/staff/v1/bookings/mine?reason=%FF", "", ""},
		{"GET", "/staff/v1/bookings/0000-0000?reason=why&birth=2000-02-30", "", ""},
		{"POST", "/staff/v1/bookings?reason=why", `{"slot_id":"3"}`, "s"},
		{"GET", "/internal/v1/booked-passes?after=-1", "", ""},
		{"GET", "/internal/v1/booked-passes?after=9223372036854775807", "", ""},
		{"GET", "//v1/bookings/../bookings/mine", "", ""},
		{"PATCH", "/v1/bookings", "{}", ""},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	e := start(f, nil)
	handler, login := e.inside(), e.endless("fuzz")
	f.Fuzz(func(t *testing.T, method, target, body, key string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || target == "*" || !validMethod(method) {
			t.Skip() // net/http answers these itself
		}
		for _, peer := range []*tls.ConnectionState{as("gate", "sunbeon gate"), as(was.StaffRole, "kim")} {
			e.pass(2 * time.Second) // so that nobody asks too often
			r := httptest.NewRequest(http.MethodGet, "/", strings.NewReader(body))
			r.Method, r.URL, r.RequestURI, r.TLS = method, u, target, peer
			r.Header.Set("Idempotency-Key", key)
			r.AddCookie(&http.Cookie{Name: "sunbeon_login", Value: login})
			r.AddCookie(&http.Cookie{Name: "sunbeon_pass", Value: "pass-of-fuzz"})
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			e.judged(t, method, target, w)
		}
		if a, err := e.store.Audit(t.Context()); err != nil || a.Overbooked+a.Miscounted+a.Duplicates+a.Passless+a.Orphans > 0 {
			t.Errorf("audit %+v, %v", a, err)
		}
	})
}

func validMethod(method string) bool {
	return method != "" && !strings.ContainsFunc(method, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') })
}

// judged holds an answer against what every answer must be.
func (e *evening) judged(t *testing.T, method, target string, w *httptest.ResponseRecorder) {
	t.Helper()
	switch {
	case w.Code >= 500 && w.Code != 503 && w.Code != 504:
		t.Errorf("%s %s: %d %s", method, target, w.Code, w.Body)
	case w.Code >= 400:
		p := problem.Read(&http.Response{StatusCode: w.Code, Body: io.NopCloser(bytes.NewReader(w.Body.Bytes()))})
		if w.Header().Get("Content-Type") != problem.ContentType || p.Code == "unexpected" || !e.codes[p.Code] {
			t.Errorf("%s %s: %d %q as %s: %s", method, target, w.Code, p.Code, w.Header().Get("Content-Type"), w.Body)
		}
	case w.Code >= 300 && w.Code != http.StatusMovedPermanently && w.Code != http.StatusTemporaryRedirect: // the mux cleans paths
		t.Errorf("%s %s: %d", method, target, w.Code)
	case w.Code < 300 && !json.Valid(w.Body.Bytes()):
		t.Errorf("%s %s: no JSON: %s", method, target, w.Body)
	}
}

// FuzzTokens sends logins and passes that nobody issued.
func FuzzTokens(f *testing.F) {
	e := start(f, nil)
	handler := e.inside()
	f.Add(e.endless("ann"), "pass-of-ann", "")
	f.Add("", "", "Bearer ")
	f.Add("AAAA", "\x00", "Bearer x.y.z")
	f.Add(strings.Repeat("A", 5000), strings.Repeat(".", 5000), "Basic YTpi")
	f.Fuzz(func(t *testing.T, login, pass, authorization string) {
		e.pass(2 * time.Second)
		r := httptest.NewRequest(http.MethodGet, "/v1/institutions", nil)
		r.TLS = as("gate", "sunbeon gate")
		r.Header.Set("Cookie", "sunbeon_login="+login+"; sunbeon_pass="+pass)
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		e.judged(t, "GET", "/v1/institutions", w)
		if w.Code == http.StatusOK && (login == "" || pass == "" && authorization == "") {
			t.Errorf("let in with login %q, pass %q, %q", login, pass, authorization)
		}
	})
}
