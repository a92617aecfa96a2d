package gate_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/observability"
	"sunbeon/internal/problem"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/gate"
	"sunbeon/reservation/gate/waspool"
	"sunbeon/reservation/upstream/legacy"
)

// cluster is a control plane in one variable: the real plan and its real
// rules, without Raft. It leads itself.
type cluster struct {
	t  testing.TB
	mu sync.Mutex

	plan     *plan.Plan
	changed  chan struct{} // closed at each change
	down     atomic.Bool
	commands []plan.Kind
}

func newCluster(t testing.TB) *cluster {
	return &cluster{t: t, plan: plan.New(), changed: make(chan struct{})}
}

func (c *cluster) Watch(ctx context.Context, deliver func(client.View)) error {
	for {
		c.mu.Lock()
		p, changed := c.plan, c.changed
		c.mu.Unlock()
		if !c.down.Load() {
			deliver(client.View{Plan: p, Index: p.Index})
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (c *cluster) Submit(_ context.Context, command plan.Command) (plan.Result, error) {
	if c.down.Load() {
		return plan.Result{}, client.ErrRetryable
	}
	return c.apply(command), nil
}

func (c *cluster) apply(command plan.Command) plan.Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	command.StampMS = time.Now().UnixMilli()
	if command.TimeMS == 0 {
		command.TimeMS = command.StampMS
	}
	next, result, err := plan.Apply(c.plan, c.plan.Index+1, command)
	if err != nil {
		c.t.Error(err)
		return plan.Result{}
	}
	if result.OK {
		c.commands = append(c.commands, command.Kind)
	}
	c.plan = next
	close(c.changed)
	c.changed = make(chan struct{})
	return result
}

// do applies a command that must be accepted.
func (c *cluster) do(kind plan.Kind, body any) {
	c.t.Helper()
	command, err := plan.NewCommand(kind, body)
	if err != nil {
		c.t.Fatal(err)
	}
	command.Actor, command.Reason, command.Term = "test", "test", 1
	if result := c.apply(command); !result.OK {
		c.t.Fatalf("%s: %s: %s", kind, result.Code, result.Detail)
	}
}

func (c *cluster) current() *plan.Plan {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.plan
}

// world is a gate with everything around it.
type world struct {
	t       testing.TB
	cluster *cluster
	issuer  *legacy.Issuer
	// identity is the issuer's server; it can be made to fail.
	identity     *httptest.Server
	identityDown atomic.Bool
	was          *fakeWAS
	dir          string
	config       gate.Config

	gate *gate.Gate
	http *httptest.Server
	stop func()
}

var drawSecret = bytes.Repeat([]byte{7}, credential.SecretSize)

func newWorld(t testing.TB, change ...func(*gate.Config)) *world {
	t.Helper()
	w := &world{t: t, cluster: newCluster(t), dir: t.TempDir()}
	keys := filepath.Join(w.dir, "keys")
	if err := os.Mkdir(keys, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"login.key", "person.key", "pass.key", "log.key"} {
		secret := make([]byte, credential.SecretSize)
		rand.Read(secret)
		write(t, filepath.Join(keys, name), secret)
	}
	write(t, filepath.Join(keys, "draw-drawn.secret"), drawSecret)

	w.identity = httptest.NewServer(http.HandlerFunc(w.serveIdentity))
	t.Cleanup(w.identity.Close)
	var err error
	if w.issuer, err = legacy.NewIssuer(w.identity.URL, ""); err != nil {
		t.Fatal(err)
	}
	w.was = newFakeWAS(t)
	transport := waspool.Transport(nil)
	t.Cleanup(transport.CloseIdleConnections)
	w.config = gate.Config{
		ID: "gate-1", Data: filepath.Join(w.dir, "gate"), Keys: keys, Version: "test",
		URL: "http://gate", PrivateURL: "https://gate", Issuer: w.identity.URL, Synthetic: true,
		WAS: transport, ControlPlane: w.cluster,
	}
	for _, f := range change {
		f(&w.config)
	}
	if err := os.Mkdir(w.config.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	w.start()
	t.Cleanup(func() { w.stop() })
	return w
}

func write(t testing.TB, path string, secret []byte) {
	t.Helper()
	if err := os.WriteFile(path, []byte(hex.EncodeToString(secret)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// start runs a gate on the world's data directory.
func (w *world) start() {
	w.t.Helper()
	o, err := observability.New(observability.Config{Process: "gate", Instance: "gate-1", LogWriter: io.Discard})
	if err != nil {
		w.t.Fatal(err)
	}
	if testing.Verbose() {
		o.Logger = slog.New(slog.NewTextHandler(w.t.Output(), nil))
	}
	w.config.Observability = o
	if w.gate, err = gate.New(w.config); err != nil {
		w.t.Fatal(err)
	}
	w.http = httptest.NewServer(w.gate.Handler())
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := w.gate.Run(ctx); err != nil {
			w.t.Error(err)
		}
	})
	w.stop = func() {
		w.http.Close()
		cancel()
		running.Wait()
		if err := w.gate.Close(); err != nil {
			w.t.Error(err)
		}
		w.stop = func() {}
	}
	w.eventually("the gate is ready", func() bool { return w.gate.Ready() == nil })
}

// restart stops the gate and starts it again on the same directory.
func (w *world) restart() {
	w.t.Helper()
	w.stop()
	w.start()
}

func (w *world) eventually(what string, holds func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			w.t.Fatalf("never: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (w *world) serveIdentity(out http.ResponseWriter, r *http.Request) {
	if w.identityDown.Load() {
		problem.Write(out, http.StatusServiceUnavailable, "down", "")
		return
	}
	switch {
	case r.URL.Path == "/.well-known/openid-configuration":
		json.NewEncoder(out).Encode(w.issuer.Discovery())
	case r.URL.Path == "/jwks.json":
		json.NewEncoder(out).Encode(w.issuer.JWKS())
	case strings.HasPrefix(r.URL.Path, "/identity/"):
		var p legacy.Person
		if json.NewDecoder(r.Body).Decode(&p) != nil || p.Name == "" {
			problem.Write(out, http.StatusBadRequest, "malformed", "")
			return
		}
		assertion, _ := w.issuer.Assert(strings.TrimPrefix(r.URL.Path, "/identity/"), p, time.Now())
		json.NewEncoder(out).Encode(map[string]string{"assertion": assertion})
	default:
		http.NotFound(out, r)
	}
}

// define announces a cohort for everybody, approved and in the lobby.
func (w *world) define(id string, change ...func(*plan.Cohort)) {
	w.t.Helper()
	now := time.Now().UnixMilli()
	c := plan.Cohort{
		ID: id, Name: map[string]string{"ko": "모두", "en": "Everybody"}, BirthFrom: "1900-01-01", BirthTo: "2020-12-31",
		LobbyMS: now - 1000, SealMS: now - 500, OpenMS: now, CloseMS: now + 3_600_000, Order: plan.OrderFirstCome,
	}
	for _, f := range change {
		f(&c)
	}
	w.cluster.do(plan.CohortDefine, plan.DefineCohort{Cohort: c})
	w.cluster.do(plan.CohortApprove, plan.ApproveCohort{Cohort: id})
	w.cluster.do(plan.CohortPhase, plan.MovePhase{Cohort: id, Phase: plan.Lobby})
	w.follows(id, plan.Lobby)
}

func drawn(c *plan.Cohort) {
	sum := sha256.Sum256(drawSecret)
	c.Order, c.DrawMode, c.Commitment = plan.OrderDraw, plan.DrawSecret, hex.EncodeToString(sum[:])
}

func (w *world) move(id string, to plan.Phase) {
	w.t.Helper()
	w.cluster.do(plan.CohortPhase, plan.MovePhase{Cohort: id, Phase: to})
	w.follows(id, to)
}

// follows waits until the gate shows the cohort in the phase.
func (w *world) follows(id string, phase plan.Phase) {
	w.t.Helper()
	w.eventually("the gate follows", func() bool {
		var doc struct {
			Phase plan.Phase `json:"phase"`
		}
		w.anyone().get("/v1/serving/"+id, &doc)
		return doc.Phase == phase
	})
}

// call serves the cohort at so many turns a second.
func (w *world) call(id string, perSecond int64) {
	w.t.Helper()
	w.eventually("the gate has reported", func() bool { return len(w.cluster.current().Instances) > 0 })
	rate := perSecond * 1000
	most := max(rate, w.cluster.current().Admission.MaxMilli)
	w.cluster.do(plan.AdmissionConfigure, plan.ConfigureAdmission{RateMilli: &rate, MaxMilli: &most})
	w.cluster.do(plan.SegmentRenew, plan.RenewSegment{Cohort: id, RateMilli: rate})
}

// keepCalling renews the segment like a leader, until the test ends.
func (w *world) keepCalling(id string, perSecond int64) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for ctx.Err() == nil {
			w.call(id, perSecond)
			select {
			case <-ctx.Done():
			case <-time.After(500 * time.Millisecond):
			}
		}
	})
	w.t.Cleanup(func() { cancel(); running.Wait() })
}

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
