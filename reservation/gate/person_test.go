package gate_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"sunbeon/internal/problem"
	"sunbeon/reservation/upstream/legacy"
)

// person is one citizen's browser or program.
type person struct {
	w       *world
	client  *http.Client
	cookies map[string]string
	header  http.Header
}

func (w *world) anyone() *person {
	return &person{w: w, cookies: map[string]string{}, header: http.Header{}, client: &http.Client{
		Transport:     w.http.Client().Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (w *world) assertion(name string) string {
	w.t.Helper()
	token, err := w.issuer.Assert("kakao", legacy.Person{
		Name: name, Birth: "1985-03-09", Digits: name, Phone: "010", Province: "Seoul",
	}, time.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

// citizen is someone who has identified themselves.
func (w *world) citizen(name string) *person {
	w.t.Helper()
	p := w.anyone()
	if status, body := p.post("/v1/login", map[string]string{"assertion": w.assertion(name)}, nil); status != http.StatusOK {
		w.t.Fatalf("login: %d %s", status, body)
	}
	return p
}

// device is the same person on another one.
func (p *person) device() *person {
	other := p.w.anyone()
	maps.Copy(other.cookies, p.cookies)
	return other
}

func (p *person) get(path string, into any) (int, string) {
	return p.send(http.MethodGet, path, "", nil, into)
}

func (p *person) post(path string, body, into any) (int, string) {
	if body == nil {
		return p.send(http.MethodPost, path, "", nil, into)
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		p.w.t.Fatal(err)
	}
	return p.send(http.MethodPost, path, "application/json", bytes.NewReader(encoded), into)
}

func (p *person) submit(path, form string) (*http.Response, string) {
	return p.do(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form))
}

func (p *person) send(method, path, contentType string, body io.Reader, into any) (int, string) {
	resp, text := p.do(method, path, contentType, body)
	if into != nil && resp.StatusCode < 300 {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			p.w.t.Errorf("%s %s: %v in %q", method, path, err, text)
		}
	}
	return resp.StatusCode, text
}

func (p *person) do(method, path, contentType string, body io.Reader) (*http.Response, string) {
	req, err := http.NewRequest(method, p.w.http.URL+path, body)
	if err != nil {
		p.w.t.Fatal(err)
	}
	maps.Copy(req.Header, p.header)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for name, value := range p.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	resp, err := p.client.Do(req)
	if err != nil {
		p.w.t.Error(err)
		return &http.Response{Header: http.Header{}}, ""
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.w.t.Error(err)
	}
	for _, cookie := range resp.Cookies() {
		p.cookies[cookie.Name] = cookie.Value
		if cookie.MaxAge < 0 {
			delete(p.cookies, cookie.Name)
		}
	}
	return resp, string(text)
}

// ticket is a place as the API tells it.
type ticket struct {
	Cohort  string
	Seq     int64
	Turn    *int64
	Serving int64
	Ahead   *int64
	State   string
	Ticket  string
	Receipt json.RawMessage
}

type pass struct {
	Pass      string `json:"pass"`
	ID        string `json:"pass_id"`
	Turn      int64  `json:"turn"`
	Segment   int64  `json:"segment"`
	ExpiresMS int64  `json:"expires_ms"`
}

// join takes the person's place and returns it.
func (p *person) join() ticket {
	p.w.t.Helper()
	var got ticket
	if status, body := p.post("/v1/ticket", nil, &got); status != http.StatusOK && status != http.StatusCreated {
		p.w.t.Fatalf("join: %d %s", status, body)
	}
	return got
}

// enter claims the person's pass as soon as they are called.
func (p *person) enter() pass {
	p.w.t.Helper()
	var got pass
	p.w.eventually("the claim succeeds", func() bool {
		status, _ := p.post("/v1/claim", nil, &got)
		return status == http.StatusOK
	})
	return got
}

// code is the problem code of an answer.
func code(body string) string {
	var p problem.Problem
	json.Unmarshal([]byte(body), &p)
	return p.Code
}

// want fails the test unless a request was refused as expected.
func want(t testing.TB, what string, status int, body string, wantStatus int, wantCode string) {
	t.Helper()
	if status != wantStatus || wantCode != "" && code(body) != wantCode {
		t.Errorf("%s: %d %s, want %d %s", what, status, body, wantStatus, wantCode)
	}
}
