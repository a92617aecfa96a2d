package rush_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"sunbeon/internal/problem"
)

// fakeGate is a gate with its identity issuer and booking servers in memory:
// small, but it keeps the promises the real ones make.
type fakeGate struct {
	opens    time.Time
	rate     float64 // turns a second
	capacity int     // places in each of the two slots

	// before, if set, may answer a request instead; it reports whether it did.
	before func(w http.ResponseWriter, r *http.Request) bool

	mu       sync.Mutex
	arrivals []time.Time // of identity checks
	seqs     map[string]int64
	births   map[string]string
	passes   map[string]bool
	bookings map[string]string // slot by person
	answers  map[string]string // slot by idempotency key
	taken    map[string]int
	polls    int
	cached   int // polls answered with "not modified"
}

func newFakeGate(t *testing.T, rate float64, opensIn time.Duration) (*fakeGate, string) {
	t.Helper()
	g := &fakeGate{
		opens: time.Now().Add(opensIn), rate: rate, capacity: 1 << 20,
		seqs: map[string]int64{}, births: map[string]string{}, passes: map[string]bool{},
		bookings: map[string]string{}, answers: map[string]string{}, taken: map[string]int{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /identity/{provider}", g.identify)
	mux.HandleFunc("GET /v1/cohorts", g.cohorts)
	mux.HandleFunc("POST /v1/login", g.login)
	mux.HandleFunc("POST /v1/ticket", g.ticket)
	mux.HandleFunc("GET /v1/serving/{cohort}", g.serving)
	mux.HandleFunc("POST /v1/claim", g.claim)
	mux.HandleFunc("GET /v1/eligibility", g.withPass(func(w http.ResponseWriter, _ *http.Request, _ string) {
		reply(w, map[string]any{"eligible": true})
	}))
	mux.HandleFunc("GET /v1/institutions", g.withPass(g.institutions))
	mux.HandleFunc("GET /v1/institutions/{id}/slots", g.withPass(g.slots))
	mux.HandleFunc("POST /v1/bookings", g.withPass(g.book))
	mux.HandleFunc("GET /v1/bookings/mine", g.mine)
	mux.HandleFunc("DELETE /v1/bookings/{number}", g.cancel)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.before == nil || !g.before(w, r) {
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return g, server.URL
}

func reply(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(value)
}

func (g *fakeGate) cohorts(w http.ResponseWriter, _ *http.Request) {
	reply(w, map[string]any{"cohorts": []any{map[string]any{
		"id": "c", "birth_from": "1972-01-01", "birth_to": "2003-12-31",
		"lobby_ms": 1, "open_ms": g.opens.UnixMilli(), "phase": "lobby",
	}}})
}

func (g *fakeGate) identify(w http.ResponseWriter, r *http.Request) {
	var person struct{ Name, Birth, Digits, Phone, Province string }
	if err := json.NewDecoder(r.Body).Decode(&person); err != nil || person.Name == "" || person.Province == "" {
		problem.Write(w, http.StatusUnprocessableEntity, "invalid_person", "")
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.arrivals = append(g.arrivals, time.Now())
	g.births[person.Digits] = person.Birth
	reply(w, map[string]string{"assertion": person.Digits})
}

func (g *fakeGate) login(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Assertion string
		Join      bool
	}
	json.NewDecoder(r.Body).Decode(&body)
	http.SetCookie(w, &http.Cookie{Name: "sunbeon_login", Value: body.Assertion})
	g.mu.Lock()
	defer g.mu.Unlock()
	answer := map[string]any{"cohort": "c"}
	if body.Join && g.mayJoin(body.Assertion) {
		answer["ticket"] = g.place(body.Assertion)
	}
	reply(w, answer)
}

func who(r *http.Request) string {
	c, err := r.Cookie("sunbeon_login")
	if err != nil {
		return ""
	}
	return c.Value
}

func (g *fakeGate) ticket(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.mayJoin(who(r)) {
		problem.New(http.StatusForbidden, "not_eligible", "").With("reason", "birth_date").Send(w)
		return
	}
	reply(w, g.place(who(r)))
}

func (g *fakeGate) mayJoin(person string) bool {
	return g.births[person] >= "1972-01-01" && g.births[person] <= "2003-12-31"
}

func (g *fakeGate) place(person string) map[string]any {
	if g.seqs[person] == 0 {
		g.seqs[person] = int64(len(g.seqs) + 1)
	}
	return map[string]any{"seq": g.seqs[person], "turn": g.seqs[person], "serving": g.called(), "state": "waiting"}
}

func (g *fakeGate) called() int64 {
	return int64(max(0, time.Since(g.opens).Seconds()) * g.rate)
}

func (g *fakeGate) serving(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.polls++
	number := g.called()
	etag := fmt.Sprintf(`"%d"`, number)
	w.Header().Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		g.cached++
		w.WriteHeader(http.StatusNotModified)
		return
	}
	reply(w, map[string]any{
		"phase": "open", "serving": number, "open_ms": g.opens.UnixMilli(),
		"poll": []any{map[string]int{"ahead": 50, "every_ms": 20, "jitter_ms": 10}, map[string]int{"ahead": -1, "every_ms": 60, "jitter_ms": 30}},
	})
}

func (g *fakeGate) claim(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	person := who(r)
	if g.seqs[person] == 0 || g.seqs[person] > g.called() {
		problem.WriteRetry(w, http.StatusConflict, "not_called", "", 20*time.Millisecond)
		return
	}
	g.passes[person] = true
	http.SetCookie(w, &http.Cookie{Name: "sunbeon_pass", Value: "p" + person})
	reply(w, map[string]any{"pass_id": "p" + person, "turn": g.seqs[person], "segment": 1})
}

func (g *fakeGate) withPass(serve func(http.ResponseWriter, *http.Request, string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		defer g.mu.Unlock()
		pass, err := r.Cookie("sunbeon_pass")
		if person := who(r); err != nil || pass.Value != "p"+person || !g.passes[person] {
			problem.Write(w, http.StatusUnauthorized, "pass_required", "")
			return
		}
		serve(w, r, who(r))
	}
}

func (g *fakeGate) institutions(w http.ResponseWriter, r *http.Request, _ string) {
	list := []any{}
	if free := g.free("id"); len(free) > 0 {
		at := map[string]any{"id": "7"}
		if r.URL.Query().Has("slots") {
			at["slots"] = free
		}
		list = append(list, at)
	}
	reply(w, map[string]any{"institutions": list})
}

func (g *fakeGate) slots(w http.ResponseWriter, _ *http.Request, _ string) {
	reply(w, map[string]any{"slots": g.free("id")})
}

// free lists the slots with places left, each under the given member.
func (g *fakeGate) free(member string) []any {
	list := []any{}
	for _, slot := range []string{"1", "2"} {
		if g.taken[slot] < g.capacity {
			list = append(list, map[string]string{member: slot})
		}
	}
	return list
}

func (g *fakeGate) book(w http.ResponseWriter, r *http.Request, person string) {
	var body struct {
		Slot string `json:"slot_id"`
	}
	json.NewDecoder(r.Body).Decode(&body)
	key := r.Header.Get("Idempotency-Key")
	switch _, repeated := g.answers[key]; {
	case key == "":
		problem.Write(w, http.StatusBadRequest, "no_key", "")
		return
	case repeated:
	case g.bookings[person] != "":
		problem.New(http.StatusConflict, "already_booked", "").With("number", "N"+person).Send(w)
		return
	case g.taken[body.Slot] >= g.capacity:
		problem.New(http.StatusConflict, "slot_taken", "").
			With("alternatives", g.free("slot_id")).Send(w)
		return
	default:
		g.taken[body.Slot]++
		g.bookings[person], g.answers[key] = body.Slot, body.Slot
	}
	w.WriteHeader(http.StatusCreated)
	reply(w, map[string]any{"number": "N" + person, "doses": []any{
		map[string]any{"dose": 1, "slot_id": body.Slot}, map[string]any{"dose": 2, "slot_id": "1" + body.Slot},
	}})
}

func (g *fakeGate) mine(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := []any{}
	if g.bookings[who(r)] != "" {
		list = append(list, map[string]any{"number": "N" + who(r)})
	}
	reply(w, map[string]any{"bookings": list})
}

func (g *fakeGate) cancel(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.taken[g.bookings[who(r)]]--
	delete(g.bookings, who(r))
	w.WriteHeader(http.StatusNoContent)
}

// firstSeen are the times of identity checks, from the earliest.
func (g *fakeGate) firstSeen() []time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.SortedFunc(slices.Values(g.arrivals), time.Time.Compare)
}
