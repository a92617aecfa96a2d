package was_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sunbeon/controlplane/plan"
	"sunbeon/internal/pki"
	"sunbeon/internal/problem"
	"sunbeon/reservation/booking"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/sqlite"
	"sunbeon/reservation/upstream"
	"sunbeon/reservation/was"
)

// Fakes of what a booking server depends on.
type eligibility func(upstream.Applicant) (upstream.Verdict, error)

func (f eligibility) Check(_ context.Context, a upstream.Applicant) (upstream.Verdict, error) {
	return f(a)
}

type passes func(token string) (credential.Pass, error)

func (f passes) Verify(_ context.Context, token string, _ int64) (credential.Pass, error) {
	return f(token)
}

func (f passes) VerifyIssued(_ context.Context, token string, _ int64) (credential.Pass, error) {
	return f(strings.TrimPrefix(token, "unsigned-"))
}

// warehouse is a stock system that can be told to misbehave.
type warehouse struct {
	mu      sync.Mutex
	held    map[string]upstream.Reservation
	back    map[string]bool // keys given back, which are never reserved again
	reserve func(ctx context.Context, r upstream.Reservation) error
}

func (w *warehouse) Reserve(ctx context.Context, r upstream.Reservation) error {
	w.mu.Lock()
	answer := w.reserve
	w.mu.Unlock()
	if answer != nil {
		if err := answer(ctx, r); err != nil {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.back[r.Key] {
		return &upstream.Refusal{System: "stock", Code: upstream.CodeReleased}
	}
	if old, ok := w.held[r.Key]; ok && old != r {
		return &upstream.Refusal{System: "stock", Code: upstream.CodeKeyReused}
	}
	w.held[r.Key] = r
	return nil
}

func (w *warehouse) Release(_ context.Context, key string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.held, key)
	w.back[key] = true
	return nil
}

func (w *warehouse) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.held)
}

func (w *warehouse) answer(f func(ctx context.Context, r upstream.Reservation) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reserve = f
}

// evening is a booking server with everything around it.
type evening struct {
	t         testing.TB
	server    *was.Server
	url       string
	gate      *http.Client
	keys      credential.Keys
	store     *sqlite.Store
	sealer    *ledger.Sealer
	stock     *warehouse
	judge     eligibility
	verify    passes
	available *ledger.Availability
	registry  *prometheus.Registry
	pki       string // directory of the certificates
	contract  *contract
	codes     map[string]bool // that the description tells of, anywhere
	ahead     atomic.Int64    // nanoseconds the server's clock is ahead of ours
}

func (e *evening) now() time.Time { return time.Now().Add(time.Duration(e.ahead.Load())) }

// pass lets time go by.
func (e *evening) pass(d time.Duration) { e.ahead.Add(int64(d)) }

const cohort = "tenth-9"

func start(t testing.TB, adjust func(*was.Config)) *evening {
	t.Helper()
	e := &evening{
		t: t, stock: &warehouse{held: map[string]upstream.Reservation{}, back: map[string]bool{}}, registry: prometheus.NewRegistry(),
		judge: func(upstream.Applicant) (upstream.Verdict, error) { return upstream.Verdict{Eligible: true}, nil },
	}
	e.verify = func(token string) (credential.Pass, error) {
		person, ok := strings.CutPrefix(token, "pass-of-")
		if !ok {
			return credential.Pass{}, credential.ErrForged
		}
		return credential.Pass{ID: "id-" + person, Cohort: cohort, Person: e.keys.Person.Ref(person), Turn: 1}, nil
	}
	var err error
	if e.keys, err = credential.NewKeys(bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)); err != nil {
		t.Fatal(err)
	}
	if e.store, err = sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db")); err != nil {
		t.Fatal(err)
	}
	if err := e.store.Seed(t.Context(), catalog()); err != nil {
		t.Fatal(err)
	}
	e.available = ledger.NewAvailability(e.store)
	e.refresh()
	if e.sealer, err = ledger.NewSealer(bytes.Repeat([]byte{3}, 32)); err != nil {
		t.Fatal(err)
	}
	writer := ledger.NewWriter(e.store, ledger.WriterConfig{})
	cfg := was.Config{
		Keys: e.keys, Sealer: e.sealer, Writer: writer, Records: e.store, Availability: e.available, Stock: e.stock,
		Passes:      passes(func(token string) (credential.Pass, error) { return e.verify(token) }),
		Eligibility: eligibility(func(a upstream.Applicant) (upstream.Verdict, error) { return e.judge(a) }),
		Registry:    e.registry, Logger: slog.New(slog.DiscardHandler), Now: e.now,
	}
	if adjust != nil {
		adjust(&cfg)
	}
	if e.server, err = was.New(cfg); err != nil {
		t.Fatal(err)
	}
	e.phase(plan.Open)
	e.serve(writer)
	return e
}

// serve runs the server over mutual TLS, as the gate reaches it.
func (e *evening) serve(writer *ledger.Writer) {
	e.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { writer.Run(ctx) })
	running.Go(func() { e.server.Run(ctx) })

	e.t.Cleanup(func() {
		stop()
		running.Wait()
		if err := e.store.Close(); err != nil {
			e.t.Error(err)
		}
	})
	e.pki = e.t.TempDir()
	if err := pki.Ensure(e.pki, time.Now()); err != nil {
		e.t.Fatal(err)
	}
	e.gate = clientAs(e.t, e.pki, "gate")
	e.listen()
	e.contract = readContract(e.t, e.gate, e.url)
	e.codes = e.contract.codes()
}

// listen makes the server the one that is asked.
func (e *evening) listen() {
	e.t.Helper()
	me, err := pki.Load(e.pki, "was")
	if err != nil {
		e.t.Fatal(err)
	}
	mux := http.NewServeMux()
	e.server.Mount(mux)
	listener := httptest.NewUnstartedServer(mux)
	listener.TLS = me.ServerTLS()
	listener.StartTLS()
	e.t.Cleanup(listener.Close)
	e.url = listener.URL
}

func clientAs(t testing.TB, dir, role string) *http.Client {
	t.Helper()
	identity, err := pki.Load(dir, role)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: identity.ClientTLS()}}
}

func (e *evening) refresh() {
	e.t.Helper()
	if err := e.available.Refresh(e.t.Context(), time.Now()); err != nil {
		e.t.Fatal(err)
	}
}

func (e *evening) phase(phase plan.Phase, revoked ...string) {
	p := &plan.Plan{Cohorts: map[string]plan.Cohort{cohort: {ID: cohort, Phase: phase}}, Passes: map[string]plan.Revocation{}}
	for _, id := range revoked {
		p.Passes[id] = plan.Revocation{ID: id}
	}
	e.server.Follow(p)
}

// places of each slot; slots 1 to 4 begin a course, 11 to 14 are six weeks on.
const places = 3

func catalog() ledger.Catalog {
	c := ledger.Catalog{
		Vaccines: []booking.Vaccine{{ID: "mRNA", Doses: 2, IntervalDays: 42, SlackDays: 1}},
		Institutions: []booking.Institution{
			{ID: 1, Name: "Mapo Clinic", Province: "Seoul", District: "Mapo-gu"},
			{ID: 2, Name: "Haeundae Clinic", Province: "Busan", District: "Haeundae-gu"},
		},
	}
	day, err := booking.ParseMoment("2021-08-26", "09:00")
	if err != nil {
		panic(err)
	}
	for i := range booking.SlotID(4) {
		at, start := booking.InstitutionID(1), day+booking.Moment(30*i)
		if i == 3 {
			at = 2
		}
		c.Slots = append(c.Slots,
			booking.Slot{ID: 1 + i, Institution: at, Start: start, Vaccine: "mRNA", Capacity: places},
			booking.Slot{ID: 11 + i, Institution: at, Start: start.AddDays(42), Vaccine: "mRNA", Capacity: places})
	}
	return c
}

// ask is one request by a person with a login and a pass.
type ask struct {
	method, path, body, key string
	person                  string
	login, pass             string // in place of the person's own; "-" for none
	vouched                 string // as a gate does for a pass of its own
	client                  *http.Client
}

// answer is what came back: the body of a success or a problem.
type answer struct {
	status int
	body   map[string]any
	*problem.Problem
}

func (e *evening) do(a ask) answer {
	e.t.Helper()
	req, err := http.NewRequest(a.method, e.url+a.path, strings.NewReader(a.body))
	if err != nil {
		e.t.Fatal(err)
	}
	if a.login == "" {
		a.login = e.login(a.person)
	}
	if a.pass == "" {
		a.pass = "pass-of-" + a.person
	}
	for name, value := range map[string]string{"sunbeon_login": a.login, "sunbeon_pass": a.pass} {
		if value != "-" {
			req.AddCookie(&http.Cookie{Name: name, Value: value})
		}
	}
	if a.key != "" {
		req.Header.Set("Idempotency-Key", a.key)
	}
	if a.vouched != "" {
		req.Header.Set(credential.IssuedHeader, a.vouched)
	}
	if a.client == nil {
		a.client = e.gate
	}
	resp, err := a.client.Do(req)
	if err != nil {
		e.t.Error(err)
		return answer{Problem: &problem.Problem{}}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		e.t.Error(err)
	}
	if err := e.contract.check(a.method, a.path, resp.StatusCode, resp.Header.Get("Content-Type"), body); err != nil {
		e.t.Error("the API description is not true:", err)
	}
	if resp.StatusCode >= 300 {
		resp.Body = io.NopCloser(bytes.NewReader(body))
		return answer{status: resp.StatusCode, Problem: problem.Read(resp)}
	}
	out := answer{status: resp.StatusCode, Problem: &problem.Problem{}}
	if err := json.Unmarshal(body, &out.body); err != nil {
		e.t.Errorf("%s %s answered %s: %v", a.method, a.path, body, err)
	}
	return out
}

// login is a login of a person.
func (e *evening) login(person string) string {
	e.t.Helper()
	token, err := e.keys.Login.Seal(credential.Login{
		CI: person, Name: "김 " + person, Birth: "1990-02-28", Phone: "010-0000-0000", Province: "Seoul",
		ExpiresMS: time.Now().Add(time.Hour).UnixMilli(),
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return token
}

func (e *evening) book(person, slot, key string) answer {
	e.t.Helper()
	return e.do(ask{method: "POST", path: "/v1/bookings", body: fmt.Sprintf(`{"slot_id":%q}`, slot), key: key, person: person})
}

func (e *evening) want(what string, a answer, status int, code string) {
	e.t.Helper()
	if a.status != status || a.Code != code {
		e.t.Errorf("%s: %d %q %v, want %d %q", what, a.status, a.Code, a.Problem.Extra, status, code)
	}
}

// sound fails the test if the ledger breaks an invariant.
func (e *evening) sound(live int64) {
	e.t.Helper()
	a, err := e.store.Audit(e.t.Context())
	if err != nil {
		e.t.Fatal(err)
	}
	for invariant, n := range a.Violations() {
		if n > 0 {
			e.t.Errorf("%s: %d", invariant, n)
		}
	}
	if a.Live != live {
		e.t.Errorf("%d live bookings, want %d", a.Live, live)
	}
}

var errBoom = errors.New("boom")

func insecure() *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
}
