package waspool_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sunbeon/reservation/gate/waspool"
)

// clock is a clock that tests move.
type clock struct{ ms atomic.Int64 }

func (c *clock) now() time.Time          { return time.UnixMilli(c.ms.Load()) }
func (c *clock) advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }

// server answers with its name, or hangs up after reading the request.
type server struct {
	*httptest.Server
	asked   atomic.Int64
	hangsUp atomic.Bool
}

func newServer(t *testing.T, name string) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.asked.Add(1)
		if s.hangsUp.Load() {
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, name+string(body))
	}))
	t.Cleanup(s.Close)
	return s
}

// deadURL is an address nobody listens on.
func deadURL(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	return "http://" + l.Addr().String()
}

func newPool(t *testing.T, c *clock, servers ...waspool.Server) *waspool.Pool {
	t.Helper()
	transport := waspool.Transport(nil, "")
	t.Cleanup(transport.CloseIdleConnections)
	p := waspool.New(waspool.Config{Transport: transport, Now: c.now})
	p.Set(servers)
	return p
}

func send(t *testing.T, p *waspool.Pool, method, key, body string) (string, error) {
	t.Helper()
	req, err := http.NewRequest(method, "http://was/v1/bookings", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := p.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer), nil
}

func TestRequestsSpreadOverServers(t *testing.T) {
	a, b := newServer(t, "a"), newServer(t, "b")
	p := newPool(t, &clock{}, waspool.Server{ID: "a", URL: a.URL}, waspool.Server{ID: "b", URL: b.URL + "/"})
	for range 100 {
		if _, err := send(t, p, http.MethodGet, "", ""); err != nil {
			t.Fatal(err)
		}
	}
	if a.asked.Load() < 20 || b.asked.Load() < 20 {
		t.Errorf("a got %d, b got %d of 100", a.asked.Load(), b.asked.Load())
	}
}

// What a server has learned of a person serves the person's next request.
func TestAPersonsRequestsGoHome(t *testing.T) {
	a, b := newServer(t, "a"), newServer(t, "b")
	c := &clock{}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	p := waspool.New(waspool.Config{Transport: transport, Now: c.now, Home: func(r *http.Request) string { return r.Header.Get("Idempotency-Key") }})
	p.Set([]waspool.Server{{ID: "a", URL: a.URL}, {ID: "b", URL: b.URL}})
	ask := func(person string) string {
		t.Helper()
		answer, err := send(t, p, http.MethodGet, person, "")
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	at := map[string]int{}
	for person := range 60 {
		name := fmt.Sprint("person-", person)
		home := ask(name)
		at[home]++
		for range 5 {
			if got := ask(name); got != home {
				t.Errorf("%s was sent to %s and to %s", name, home, got)
			}
		}
	}
	if len(at) != 2 || at["a"] < 15 || at["b"] < 15 {
		t.Errorf("60 people are at home at %v", at)
	}
	b.Close()
	for person := range 60 {
		if got := ask(fmt.Sprint("person-", person)); got != "a" {
			t.Errorf("sent to %q while only a is there", got)
		}
	}
}

func TestADeadServerIsPassedOverForAMoment(t *testing.T) {
	live := newServer(t, "live")
	var failed atomic.Int64
	c := &clock{}
	p := waspool.New(waspool.Config{Transport: waspool.Transport(nil, ""), Now: c.now, Failed: func(string, error) { failed.Add(1) }})
	p.Set([]waspool.Server{{ID: "dead", URL: deadURL(t)}, {ID: "live", URL: live.URL}})
	f := func() {
		t.Helper()
		for range 50 {
			// A write without a key may go on: nothing reached the dead one.
			if got, err := send(t, p, http.MethodPost, "", "!"); err != nil || got != "live!" {
				t.Fatalf("%q, %v", got, err)
			}
		}
	}
	f()
	if n := failed.Load(); n != 1 {
		t.Errorf("tried the dead server %d times within the same moment", n)
	}
	c.advance(1100 * time.Millisecond)
	f()
	if n := failed.Load(); n != 2 {
		t.Errorf("after a second it was tried %d times", n-1)
	}
}

func TestALostAnswerIsRepeatedOnlyWhereThatIsSafe(t *testing.T) {
	f := func(method, key string, want error, wantAsked int64) {
		t.Helper()
		a, b := newServer(t, "a"), newServer(t, "b")
		a.hangsUp.Store(true)
		b.hangsUp.Store(true)
		p := newPool(t, &clock{}, waspool.Server{ID: "a", URL: a.URL}, waspool.Server{ID: "b", URL: b.URL})
		if _, err := send(t, p, method, key, "x"); !errors.Is(err, want) {
			t.Errorf("%s with key %q: %v, want %v", method, key, err, want)
		}
		if got := a.asked.Load() + b.asked.Load(); got != wantAsked {
			t.Errorf("%s with key %q reached servers %d times, want %d", method, key, got, wantAsked)
		}
	}
	f(http.MethodGet, "", waspool.ErrNoServer, 2)
	f(http.MethodPost, "k", waspool.ErrUnknown, 2)
	f(http.MethodDelete, "k", waspool.ErrUnknown, 2)
	f(http.MethodPost, "", waspool.ErrUnknown, 1)
	f(http.MethodDelete, "", waspool.ErrUnknown, 1)
}

func TestAKeyedWriteFindsTheServerThatLives(t *testing.T) {
	a, b := newServer(t, "a"), newServer(t, "b")
	a.hangsUp.Store(true)
	for range 20 {
		p := newPool(t, &clock{}, waspool.Server{ID: "a", URL: a.URL}, waspool.Server{ID: "b", URL: b.URL})
		if got, err := send(t, p, http.MethodPost, "key", "!"); err != nil || got != "b!" {
			t.Fatalf("%q, %v", got, err)
		}
	}
}

// A server that did nothing does not answer for the one before it, whatever its
// reason: the person may be booked whom it refuses.
func TestARefusalAfterALostAnswerIsUnknown(t *testing.T) {
	for _, refusal := range []int{
		http.StatusUnauthorized, http.StatusForbidden, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusServiceUnavailable,
	} {
		lost := newServer(t, "a")
		lost.hangsUp.Store(true)
		refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(refusal)
		}))
		t.Cleanup(refuses.Close)
		unknown := 0
		for range 20 {
			p := newPool(t, &clock{}, waspool.Server{ID: "a", URL: lost.URL}, waspool.Server{ID: "b", URL: refuses.URL})
			before := lost.asked.Load()
			_, err := send(t, p, http.MethodPost, "key", "x")
			if lost.asked.Load() > before {
				unknown++
				if !errors.Is(err, waspool.ErrUnknown) {
					t.Fatalf("%d after a lost answer: %v, want unknown", refusal, err)
				}
			} else if err != nil {
				t.Fatalf("%d alone: %v", refusal, err)
			}
		}
		if unknown == 0 {
			t.Error("the server that loses answers was never asked")
		}
	}
}

// A server that dies in the middle of its answer is passed over like one that
// dies before it.
func TestHalfAnAnswerTellsAgainstItsServer(t *testing.T) {
	half := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(half.Close)
	failed := 0
	transport := waspool.Transport(nil, "")
	t.Cleanup(transport.CloseIdleConnections)
	p := waspool.New(waspool.Config{Transport: transport, Now: (&clock{}).now, Failed: func(string, error) { failed++ }})
	p.Set([]waspool.Server{{ID: "half", URL: half.URL}})
	req, err := http.NewRequest(http.MethodGet, "http://was/v1/bookings/mine", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := p.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if answer, err := io.ReadAll(resp.Body); err == nil {
		t.Fatalf("%q is a whole answer", answer)
	}
	if failed != 1 || p.Serves() {
		t.Errorf("%d failures, still used: %v", failed, p.Serves())
	}
}

func TestFailingServersAreTheLastResort(t *testing.T) {
	a, b := newServer(t, "a"), newServer(t, "b")
	p := newPool(t, &clock{}, waspool.Server{ID: "a", URL: a.URL, Failing: true}, waspool.Server{ID: "b", URL: b.URL})
	for range 20 {
		if got, err := send(t, p, http.MethodGet, "", ""); err != nil || got != "b" {
			t.Fatalf("%q, %v", got, err)
		}
	}
	p.Set([]waspool.Server{{ID: "a", URL: a.URL, Failing: true}})
	if got, err := send(t, p, http.MethodGet, "", ""); err != nil || got != "a" {
		t.Errorf("%q, %v", got, err)
	}
	p.Set(nil)
	if _, err := send(t, p, http.MethodGet, "", ""); !errors.Is(err, waspool.ErrNoServer) {
		t.Errorf("with no server: %v", err)
	}
}

func TestOversizedBodiesGoNowhere(t *testing.T) {
	a := newServer(t, "a")
	p := newPool(t, &clock{}, waspool.Server{ID: "a", URL: a.URL})
	if _, err := send(t, p, http.MethodPost, "k", strings.Repeat("x", waspool.MaxBody+1)); !errors.Is(err, waspool.ErrBodyTooLarge) {
		t.Errorf("err = %v", err)
	}
	req, _ := http.NewRequest(http.MethodPost, "http://was/", io.MultiReader(strings.NewReader(strings.Repeat("x", waspool.MaxBody+1))))
	if _, err := p.RoundTrip(req); !errors.Is(err, waspool.ErrBodyTooLarge) {
		t.Errorf("of undeclared length: %v", err)
	}
	if a.asked.Load() != 0 {
		t.Error("an oversized body reached a server")
	}
}

func TestServersComeAndGoUnderLoad(t *testing.T) {
	a, b := newServer(t, "a"), newServer(t, "b")
	both := []waspool.Server{{ID: "a", URL: a.URL}, {ID: "b", URL: b.URL}}
	p := newPool(t, &clock{}, both...)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if _, err := send(t, p, http.MethodGet, "", ""); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range 100 {
		p.Set(both[i%2 : i%2+1])
		time.Sleep(time.Millisecond)
	}
	wg.Wait()
}
