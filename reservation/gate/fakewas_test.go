package gate_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"sunbeon/controlplane/plan"
	"sunbeon/internal/problem"
)

// fakeWAS is a booking server that books whatever it is asked, remembers what
// reached it, and can hang up.
type fakeWAS struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
	booked   map[string]bool // by Idempotency-Key
	// hangUp drops the connection after the request was read.
	hangUp bool
	// garble, where set, writes the answer.
	garble http.HandlerFunc
	// hold blocks requests until it is closed.
	hold chan struct{}
	// outbox is what the ledger says was booked.
	outbox []map[string]string
	// taken makes every slot taken.
	taken bool
	// none makes the person have no booking; rebook is the number under which
	// they may then book again.
	none   bool
	rebook string
	// withdrawn makes the first time of the booking one that was taken off.
	withdrawn bool
	// refuses is the problem every write is answered with.
	refuses *problem.Problem
	// busy makes everybody hold on for this long.
	busy time.Duration
}

func newFakeWAS(t testing.TB) *fakeWAS {
	f := &fakeWAS{booked: map[string]bool{}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// register makes the server known to the gate.
func (f *fakeWAS) register(w *world, id string) {
	w.t.Helper()
	w.cluster.do(plan.InstanceRegister, plan.RegisterInstance{
		ID: id, Kind: plan.KindWAS, URL: f.URL, PrivateURL: f.URL, StartedMS: 1, State: plan.Ready,
	})
}

func (f *fakeWAS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/internal/v1/booked-passes" {
		f.mu.Lock()
		defer f.mu.Unlock()
		json.NewEncoder(w).Encode(map[string]any{"passes": f.outbox, "next": len(f.outbox)})
		return
	}
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	f.requests, f.bodies = append(f.requests, r), append(f.bodies, string(body))
	hangUp, hold, taken, none, busy := f.hangUp, f.hold, f.taken, f.none, f.busy
	rebook, withdrawn, refuses, garble := f.rebook, f.withdrawn, f.refuses, f.garble
	if r.Method == http.MethodPost && !taken {
		f.booked[r.Header.Get("Idempotency-Key")] = true
	}
	f.mu.Unlock()
	if hold != nil {
		<-hold
	}
	if hangUp {
		panic(http.ErrAbortHandler)
	}
	if garble != nil {
		garble(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Sunbeon-Debug", "inside")
	confirmation := map[string]any{"number": "A-1", "doses": []map[string]any{
		{"dose": 1, "slot_id": "5", "institution": "Clinic", "date": "2021-08-26", "time": "09:30", "vaccine": "mrna", "withdrawn": withdrawn},
		{"dose": 2, "slot_id": "9", "institution": "Clinic", "date": "2021-10-07", "time": "09:30", "vaccine": "mrna"},
	}}
	switch {
	case busy > 0:
		problem.WriteRetry(w, http.StatusServiceUnavailable, "hold_on", "busy", busy)
	case none && r.URL.Path == "/v1/bookings/mine":
		json.NewEncoder(w).Encode(map[string]any{"bookings": []any{}, "rebook": rebook})
	case r.Method == http.MethodPost && refuses != nil:
		refuses.Send(w)
	case r.Method == http.MethodPost && taken:
		problem.New(http.StatusConflict, "slot_taken", "gone").With("alternatives", []map[string]any{
			{"slot_id": "77", "institution": "Clinic", "date": "2021-08-26", "time": "10:00", "vaccine": "mrna"},
		}).Send(w)
	case r.Method == http.MethodPost:
		w.WriteHeader(http.StatusCreated)
		json.NewEncoder(w).Encode(confirmation)
	case r.URL.Path == "/v1/institutions":
		json.NewEncoder(w).Encode(map[string]any{"institutions": []map[string]any{
			{"id": "3", "name": "Clinic <b>3</b>", "province": "Seoul", "district": "Jongno", "free": 4},
		}, "next": "4", "widened": r.URL.Query().Get("district") == "Nowhere"})
	case r.URL.Path == "/v1/slots/5":
		json.NewEncoder(w).Encode(map[string]any{"doses": confirmation["doses"]})
	case r.URL.Path == "/v1/institutions/3/slots":
		json.NewEncoder(w).Encode(map[string]any{"institution_id": "3", "institution": "Clinic <b>3</b>", "slots": []map[string]any{
			{"id": "5", "date": "2021-08-26", "time": "09:30", "vaccine": "mrna", "free": 4},
		}})
	case r.URL.Path == "/v1/bookings/mine":
		json.NewEncoder(w).Encode(map[string]any{"bookings": []any{confirmation}})
	default:
		json.NewEncoder(w).Encode(map[string]any{"ok": true})
	}
}

func (f *fakeWAS) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// last is the newest request and its body.
func (f *fakeWAS) last() (*http.Request, string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.requests) == 0 {
		return nil, ""
	}
	return f.requests[len(f.requests)-1], f.bodies[len(f.bodies)-1]
}

func (f *fakeWAS) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.requests)
}
