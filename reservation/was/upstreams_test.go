package was_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sunbeon/internal/pki"
	"sunbeon/reservation/booking"
	"sunbeon/reservation/outbox"
	"sunbeon/reservation/upstream"
	"sunbeon/reservation/upstream/legacy"
	"sunbeon/reservation/was"
)

// country is the simulated upstream systems behind their own HTTP, with the
// clients a booking server has of them.
type country struct {
	t           *testing.T
	url         string
	reader      *http.Client // of what the systems hold
	eligibility *upstream.Eligibility
	stock       *upstream.Stock
}

func newCountry(t *testing.T) *country {
	t.Helper()
	well := legacy.Profile{Capacity: 2000, ServiceTime: time.Millisecond}
	simulator, err := legacy.New(legacy.Config{
		IssuerURL: "http://issuer", Registry: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler),
		Profiles: map[string]legacy.Profile{legacy.Identity: well, legacy.Eligibility: well, legacy.Stock: well},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); simulator.Run(ctx) }()
	mux := http.NewServeMux()
	simulator.Mount(mux, func(_ string, h http.Handler) http.Handler { return h })
	dir := t.TempDir()
	if err := pki.Ensure(dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	me, err := pki.Load(dir, "legacy")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(mux)
	server.TLS = me.ServerTLS()
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	booking, err := pki.Load(dir, "was")
	if err != nil {
		t.Fatal(err)
	}
	c := &country{t: t, url: server.URL, reader: clientAs(t, dir, "rush")}
	cfg := upstream.Config{
		BaseURL: server.URL, HTTP: upstream.NewHTTPClient(booking.ClientTLS(), nil),
		Metrics: upstream.NewMetrics(prometheus.NewRegistry()), Logger: slog.New(slog.DiscardHandler),
	}
	if c.eligibility, err = upstream.NewEligibility(cfg); err != nil {
		t.Fatal(err)
	}
	if c.stock, err = upstream.NewStock(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.faults(`{}`)
		stop()
		<-done
		server.Close()
		simulator.Close()
	})
	return c
}

func (c *country) faults(text string) {
	c.t.Helper()
	c.put("/faults", text)
}

func (c *country) put(path, text string) {
	c.t.Helper()
	req, err := http.NewRequest(http.MethodPut, c.url+path, strings.NewReader(text))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.reader.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		c.t.Fatalf("%s %s: %s", path, text, resp.Status)
	}
}

// held is how many reservations the stock system has.
func (c *country) held() int {
	resp, err := c.reader.Get(c.url + "/stock")
	if err != nil {
		c.t.Error(err)
		return -1
	}
	defer resp.Body.Close()
	var inventory legacy.Inventory
	if err := json.NewDecoder(resp.Body).Decode(&inventory); err != nil {
		c.t.Error(err)
	}
	return inventory.Reservations
}

// startIn is a booking server with real clients of real systems.
func startIn(t *testing.T, c *country) *evening {
	return start(t, func(cfg *was.Config) {
		cfg.Eligibility, cfg.Stock = c.eligibility, c.stock
		cfg.Limits = was.Limits{Stock: 8, Eligibility: 8, Deadline: 3 * time.Second}
	})
}

// rush sends so many people to book at once and counts what they were told.
func (e *evening) rush(prefix string, people int) map[string]int {
	e.t.Helper()
	var mu sync.Mutex
	told := map[string]int{}
	var wg sync.WaitGroup
	for i := range people {
		wg.Go(func() {
			a := e.book(personIn(prefix, i), fmt.Sprint(1+i%4), "k")
			code := a.Code
			if system, ok := a.Extra["system"].(string); ok {
				code += " " + system
			}
			if a.status == 503 && a.RetryAfterMS <= 0 {
				e.t.Errorf("%s without saying when to come back", code)
			}
			mu.Lock()
			defer mu.Unlock()
			told[code]++
		})
	}
	wg.Wait()
	return told
}

func personIn(prefix string, i int) string {
	return legacy.ConnectingInformation(fmt.Sprint(prefix, i))
}

// What people are told while a system is ill, what still works, and what the
// ledger and the stock system hold when it is well again: whatever happened,
// nobody is overbooked, nobody booked twice, and stock is held for bookings only.
func TestIllUpstreams(t *testing.T) {
	const people = 20
	f := func(name, faults string, allowed []string, mustTell string) {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of it is waiting
			c := newCountry(t)
			e := startIn(t, c)
			regular := personIn("regular", 0)
			made := e.book(regular, "4", "before")
			e.want("while all is well", made, 201, "")

			c.faults(faults)
			told := map[string]int{}
			for round := range 2 {
				for code, n := range e.rush(fmt.Sprint(name, round, " "), people) {
					told[code] += n
				}
			}
			permitted := map[string]bool{"": true, "slot_taken": true}
			for _, code := range allowed {
				permitted[code] = true
			}
			for code, n := range told {
				if !permitted[code] {
					t.Errorf("%d people were told %q", n, code)
				}
			}
			if mustTell != "" && told[mustTell] == 0 {
				t.Errorf("nobody was told %q: %v", mustTell, told)
			}
			if len(e.do(ask{method: "GET", path: "/v1/institutions/1/slots", person: regular}).body) == 0 {
				t.Error("searching stopped")
			}
			e.want("looking up", e.do(ask{method: "GET", path: "/v1/bookings/mine", person: regular, pass: "-"}), 200, "")
			e.want("an answer given before", e.book(regular, "4", "before"), 201, "")
			e.want("cancelling", e.do(ask{method: "DELETE", path: "/v1/bookings/" + made.body["number"].(string), person: regular, pass: "-"}), 200, "")

			c.faults(`{}`)
			e.refresh()
			eventually(t, "somebody books again", func() bool {
				a := e.book(personIn(name+" after", 0), "4", "k")
				return a.status == 201 || a.Code == "slot_taken" // full meanwhile: also an answer
			})
			audit, err := e.store.Audit(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			e.sound(audit.Live)
			if most := int64(4 * places); audit.Live > most {
				t.Errorf("%d bookings in %d places", audit.Live, most)
			}
			later := &outbox.Reconciler{
				Ledger: e.store, Stock: c.stock, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.Now().Add(time.Hour) },
				Reservation: func(booking.SlotID) (upstream.Reservation, bool) {
					return upstream.Reservation{Institution: "1", Vaccine: "mRNA", Date: "2021-08-26", Doses: 1}, true
				},
			}
			eventually(t, "stock is held for live bookings and for all of them", func() bool {
				_, err := later.Compare(t.Context())
				return err == nil && c.held() == int(audit.Live)
			})
		})
	}
	f("stock is down", `{"stock":{"down":true}}`, []string{"upstream_down stock", "hold_on"}, "upstream_down stock")
	f("eligibility is down", `{"eligibility":{"down":true}}`, []string{"upstream_down eligibility", "hold_on"}, "upstream_down eligibility")
	f("stock stalls", `{"stock":{"stall":true}}`, []string{"upstream_down stock", "hold_on"}, "hold_on")
	f("eligibility stalls", `{"eligibility":{"stall":true}}`, []string{"upstream_down eligibility", "hold_on"}, "hold_on")
	f("stock is slow", `{"stock":{"extra_latency_ms":300}}`, []string{"hold_on", "upstream_down stock"}, "")
	f("stock answers too late", `{"stock":{"extra_latency_ms":2500}}`, []string{"hold_on", "upstream_down stock"}, "hold_on")
	f("stock fails after its work", `{"stock":{"error_rate":0.7}}`, []string{"hold_on", "upstream_down stock"}, "")
	f("stock's answers get lost", `{"stock":{"lost_rate":0.5}}`, []string{"hold_on", "upstream_down stock"}, "")
	f("stock lies", `{"stock":{"lie_rate":0.5}}`, []string{"hold_on", "upstream_down stock"}, "")
	f("the register lies", `{"eligibility":{"lie_rate":0.5}}`, []string{"hold_on", "upstream_down eligibility", "not_eligible"}, "not_eligible")
	f("stock flaps", `{"schedule":[{"after_ms":0,"for_ms":150,"stock":{"down":true}},{"after_ms":300,"for_ms":150,"stock":{"stall":true}},{"after_ms":600,"for_ms":150,"stock":{"error_rate":1}}]}`,
		[]string{"hold_on", "upstream_down stock"}, "")
	f("all at once", `{"capacity_factor":0.01,"eligibility":{"error_rate":0.3},"stock":{"lost_rate":0.3,"extra_latency_ms":100}}`,
		[]string{"hold_on", "upstream_down stock", "upstream_down eligibility"}, "")
}

// A register that lied refuses people wrongly: they keep their turn, and come in
// with the same pass once it tells the truth.
func TestALieOfTheRegisterCostsNoTurn(t *testing.T) {
	c := newCountry(t)
	e := startIn(t, c)
	person := personIn("wronged", 0)
	c.faults(`{"eligibility":{"lie_rate":1}}`)
	a := e.book(person, "1", "k")
	e.want("wrongly refused", a, 403, "not_eligible")
	if a.Extra["reason"] == nil || a.Extra["appeal"] == nil {
		t.Errorf("not told why or what to do: %v", a.Extra)
	}
	c.faults(`{}`)
	e.pass(20 * time.Second)
	e.want("once it tells the truth", e.book(person, "1", "k"), 201, "")
}

// A stock system that claims impossible numbers is not believed.
func TestNegativeStockIsNotBelieved(t *testing.T) {
	c := newCountry(t)
	c.put("/stock/supplies", `{"institution":"1","vaccine":"mRNA","date":"2021-08-26","time":"09:00","places":7}`)
	c.faults(`{"stock":{"lie_rate":1}}`)
	changes, _, err := c.stock.Supplies(t.Context(), 0)
	if len(changes) != 0 && err == nil || !errors.Is(err, upstream.ErrDown) {
		t.Errorf("believed %+v, %v", changes, err)
	}
	c.faults(`{}`)
	if changes, more, err := c.stock.Supplies(t.Context(), 0); err != nil || more || len(changes) != 1 || changes[0].Places != 7 {
		t.Errorf("supplies %+v, %v, %v", changes, more, err)
	}
}
