package rush_test

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sunbeon/internal/problem"
	"sunbeon/reservation/rush"
	"sunbeon/reservation/rush/journal"
)

// quick is a crowd that needs a second or two.
func quick(t *testing.T, gate string, people int) rush.Config {
	t.Helper()
	cfg := rush.Defaults()
	cfg.Gate, cfg.Legacy = gate, gate
	cfg.People = people
	cfg.Think = 5 * time.Millisecond
	cfg.For = 30 * time.Second
	cfg.Journal = filepath.Join(t.TempDir(), "journal.jsonl")
	return cfg
}

func run(t *testing.T, cfg rush.Config) (rush.Load, map[journal.Event][]journal.Entry) {
	t.Helper()
	load, err := rush.Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	told := map[journal.Event][]journal.Entry{}
	for e, err := range journal.Read(cfg.Journal) {
		if err != nil {
			t.Fatal(err)
		}
		told[e.Event] = append(told[e.Event], e)
	}
	return load, told
}

func TestCrowdWalksTheWholeWay(t *testing.T) {
	gate, url := newFakeGate(t, 1000, 200*time.Millisecond)
	cfg := quick(t, url, 300)
	cfg.Outsiders = 0.1
	cfg.Habits = rush.Habits{GiveUpAdmitted: 0.1, SecondDevice: 0.2, ClaimLate: 0.1, Cancel: 0.2, Rebook: 0.5}
	load, told := run(t, cfg)

	if load.UnderWay != 0 || load.Failed != 0 || load.Arrived != 300 {
		t.Errorf("arrived %d, under way %d, failed %v", load.Arrived, load.UnderWay, load.FailedBy)
	}
	if ended := load.Left(); ended != 300 {
		t.Errorf("%d evenings ended", ended)
	}
	if n := load.RefusedBy["not_eligible/birth_date"]; n < 10 || n != load.Refused {
		t.Errorf("refused %v, want only outsiders, about 30", load.RefusedBy)
	}
	if len(gate.bookings) != load.Booked {
		t.Errorf("gate holds %d bookings, %d people left with one", len(gate.bookings), load.Booked)
	}
	if load.GivenUp == 0 || load.Canceled == 0 {
		t.Errorf("%d gave up, %d cancelled; want some of each", load.GivenUp, load.Canceled)
	}
	if len(told[journal.Booked]) != load.Bookings || len(told[journal.Pass]) != load.Passes {
		t.Errorf("journal has %d bookings, %d passes; counted %d, %d", len(told[journal.Booked]), len(told[journal.Pass]), load.Bookings, load.Passes)
	}
	twice := len(told[journal.Ticket]) - load.Tickets
	if twice < 20 {
		t.Errorf("%d tickets were asked for from a second device, want about 54", twice)
	}
	seqs := map[string]int64{}
	for _, e := range told[journal.Ticket] {
		if first, ok := seqs[e.Person]; ok && first != *e.Seq {
			t.Errorf("person %s: places %d and %d", e.Person, first, *e.Seq)
		}
		seqs[e.Person] = *e.Seq
	}
	for _, route := range []string{"POST /v1/login", "POST /v1/bookings", "GET /v1/serving/{cohort}"} {
		if load.Latency[route].Count == 0 || load.Latency[route].P99 <= 0 {
			t.Errorf("%s: latency %+v", route, load.Latency[route])
		}
	}
}

// Who waits asks for the document again only if it has changed.
func TestWaitingPeopleAskConditionally(t *testing.T) {
	gate, url := newFakeGate(t, 1000, time.Second)
	cfg := quick(t, url, 50)
	cfg.Arrivals = rush.Arrivals{Lobby: 1}
	run(t, cfg)
	// Until the opening the document stays as it is.
	if gate.cached < gate.polls/2 {
		t.Errorf("%d of %d polls were answered with not modified", gate.cached, gate.polls)
	}
}

func TestSameSeedSameCrowd(t *testing.T) {
	people := func() map[string]string {
		gate, url := newFakeGate(t, 1000, 0)
		run(t, quick(t, url, 60))
		return gate.births
	}
	a, b := people(), people()
	if len(a) != 60 || len(b) != 60 {
		t.Fatalf("%d and %d people", len(a), len(b))
	}
	for digits, birth := range a {
		if b[digits] != birth {
			t.Errorf("%s was born %s in one run and %q in the other", digits, birth, b[digits])
		}
	}
}

// A server that takes a quarter of a second for everything meets the same
// arrivals as a fast one, and what people waited shows in the latency.
func TestSlowServerDoesNotSlowArrivals(t *testing.T) {
	arrive := func(delay time.Duration) ([]time.Time, rush.Load) {
		gate, url := newFakeGate(t, 1e6, 300*time.Millisecond)
		var busy atomic.Bool
		busy.Store(true)
		gate.before = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPost {
				time.Sleep(delay)
			}
			return false
		}
		cfg := quick(t, url, 400)
		cfg.Arrivals = rush.Arrivals{Lobby: 0.5, Spike: 0.5, SpikeMean: 50 * time.Millisecond}
		load, _ := run(t, cfg)
		return gate.firstSeen(), load
	}
	fast, _ := arrive(0)
	slow, load := arrive(250 * time.Millisecond)
	// Second devices come later and are a twentieth; compare the first 400.
	span := func(times []time.Time) time.Duration { return times[390].Sub(times[0]) }
	if f, s := span(fast), span(slow); s > f+250*time.Millisecond {
		t.Errorf("people arrived over %s at a slow server, over %s at a fast one", s, f)
	}
	if p50 := load.Latency["POST /v1/login"].P50; p50 < 250 {
		t.Errorf("median latency %.0f ms at a server that takes 250 ms", p50)
	}
}

// The gate is gone for a moment: connections are cut and refused. People come
// back to it and nobody fails.
func TestClosedLoopLetsInOnePersonForEachWhoLeaves(t *testing.T) {
	gate, url := newFakeGate(t, 1000, 100*time.Millisecond)
	cfg := quick(t, url, 60)
	cfg.AtOnce, cfg.Habits, cfg.Outsiders = 5, rush.Habits{}, 0
	var most atomic.Int64
	gate.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/identity/") {
			gate.mu.Lock()
			defer gate.mu.Unlock()
			// Whoever has not booked has not left.
			most.Store(max(most.Load(), int64(len(gate.arrivals)+1-len(gate.bookings))))
		}
		return false
	}
	load, _ := run(t, cfg)
	if load.Booked != 60 || most.Load() > 5 {
		t.Errorf("%d of 60 booked, %d were on their way at once, want at most 5", load.Booked, most.Load())
	}
}

func TestCrowdOutlivesRestart(t *testing.T) {
	gate, url := newFakeGate(t, 600, 100*time.Millisecond)
	began := time.Now()
	gate.before = func(w http.ResponseWriter, _ *http.Request) bool {
		since := time.Since(began)
		if since < 250*time.Millisecond || since > 550*time.Millisecond {
			return false
		}
		panic(http.ErrAbortHandler)
	}
	load, told := run(t, quick(t, url, 300))
	if load.Failed != 0 || load.UnderWay != 0 {
		t.Errorf("failed %v, under way %d", load.FailedBy, load.UnderWay)
	}
	if load.Troubles["no_answer"] == 0 {
		t.Error("nobody noticed the restart")
	}
	if len(told[journal.Booked]) != load.Bookings {
		t.Errorf("journal has %d bookings, counted %d", len(told[journal.Booked]), load.Bookings)
	}
}

// Each booking's first answer is lost after it took effect. Asking again under
// the same key must not book again.
func TestLostAnswersKeepTheirKey(t *testing.T) {
	gate, url := newFakeGate(t, 1000, 0)
	keys := make(chan string, 1000)
	lost := map[string]bool{}
	gate.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost || r.URL.Path != "/v1/bookings" {
			return false
		}
		key := r.Header.Get("Idempotency-Key")
		keys <- key
		gate.mu.Lock()
		first := !lost[key]
		lost[key] = true
		gate.mu.Unlock()
		if first {
			gate.withPass(gate.book)(discard{http.Header{}}, r)
			problem.WriteRetry(w, http.StatusGatewayTimeout, "unknown_outcome", "", 10*time.Millisecond)
		}
		return first
	}
	cfg := quick(t, url, 40)
	cfg.Habits = rush.Habits{}
	load, told := run(t, cfg)
	if load.Bookings+load.Refused != 40 || len(told[journal.Booked]) != load.Bookings {
		t.Errorf("%d bookings, %d refused, journal %d", load.Bookings, load.Refused, len(told[journal.Booked]))
	}
	if len(keys) != 2*load.Bookings || len(lost) != load.Bookings {
		t.Errorf("%d requests under %d keys for %d bookings", len(keys), len(lost), load.Bookings)
	}
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header       { return d.header }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

func TestHeldPeopleAreNoFailures(t *testing.T) {
	gate, url := newFakeGate(t, 1000, 0)
	var asked atomic.Int64
	gate.before = func(w http.ResponseWriter, r *http.Request) bool {
		held := r.URL.Path == "/v1/institutions" && asked.Add(1)%2 == 0
		if held {
			problem.WriteRetry(w, http.StatusServiceUnavailable, "hold_on", "", 5*time.Millisecond)
		}
		return held
	}
	load, _ := run(t, quick(t, url, 80))
	if load.Held == 0 || load.Failed != 0 || len(load.Troubles) != 0 {
		t.Errorf("held %d, failed %v, errors %v", load.Held, load.FailedBy, load.Troubles)
	}
}

func TestErrorsThatStayAreFailures(t *testing.T) {
	f := func(status int, code string, limit time.Duration) {
		t.Helper()
		gate, url := newFakeGate(t, 1000, 0)
		gate.before = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/v1/institutions" {
				problem.Write(w, status, code, "")
				return true
			}
			return false
		}
		cfg := quick(t, url, 30)
		cfg.Outsiders, cfg.Habits, cfg.For = 0, rush.Habits{}, limit
		if load, _ := run(t, cfg); load.FailedBy[code] != 30 || load.Failed != 30 {
			t.Errorf("%d %s: failed %v, refused %v, under way %d", status, code, load.FailedBy, load.RefusedBy, load.UnderWay)
		}
	}
	f(http.StatusNotFound, "not_found", 30*time.Second)
	// People still trying when the time is over have failed too.
	f(http.StatusInternalServerError, "internal", 2*time.Second)
}

func TestScarceSlotsSellOut(t *testing.T) {
	gate, url := newFakeGate(t, 1000, 0)
	gate.capacity = 20
	cfg := quick(t, url, 100)
	cfg.Outsiders, cfg.Habits = 0, rush.Habits{}
	load, _ := run(t, cfg)
	if load.Booked != 40 || load.RefusedBy["sold_out"] != 60 {
		t.Errorf("booked %d, refused %v; want 40 and 60 sold out", load.Booked, load.RefusedBy)
	}
}

func TestRunEndsAtOnceWhenTold(t *testing.T) {
	_, url := newFakeGate(t, 0, time.Hour)
	cfg := quick(t, url, 500)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	load, err := rush.Run(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("took %s to stop", took)
	}
	if load.Failed != 0 {
		t.Errorf("people who were interrupted count as failed: %v", load.FailedBy)
	}
}

func TestImpossibleRuns(t *testing.T) {
	_, url := newFakeGate(t, 1, 0)
	f := func(what string, change func(*rush.Config)) {
		t.Helper()
		cfg := quick(t, url, 10)
		change(&cfg)
		if _, err := rush.Run(t.Context(), cfg); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
	f("no gate", func(c *rush.Config) { c.Gate = "" })
	f("gate without scheme", func(c *rush.Config) { c.Gate = "127.0.0.1:8800" })
	f("nobody", func(c *rush.Config) { c.People = 0 })
	f("no think time", func(c *rush.Config) { c.Think = 0 })
	f("share above one", func(c *rush.Config) { c.Habits.Cancel = 2 })
	f("no arrivals", func(c *rush.Config) { c.Arrivals = rush.Arrivals{} })
	f("a journal that exists", func(c *rush.Config) { c.Journal = t.TempDir() })
}
