package gate_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"sunbeon/controlplane/plan"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/gate"
	"sunbeon/reservation/gate/waspool"
)

// admitted is a citizen with a pass in an open cohort.
func (w *world) admitted(name string) *person {
	w.t.Helper()
	if _, ok := w.cluster.current().Cohorts["a"]; !ok {
		w.define("a")
		w.move("a", plan.Open)
		w.keepCalling("a", 50)
	}
	p := w.citizen(name)
	p.join()
	p.enter()
	return p
}

func (p *person) book(key string) (int, string) {
	p.header.Set("Idempotency-Key", key)
	defer p.header.Del("Idempotency-Key")
	return p.post("/v1/bookings", map[string]string{"slot_id": "5"}, nil)
}

func TestABookingGoesThroughAndIsPutOnRecord(t *testing.T) {
	w := newWorld(t)
	w.was.register(w, "was-1")
	p := w.admitted("one")
	w.eventually("the gate knows the server", func() bool { status, _ := p.get("/v1/institutions?province=Seoul", nil); return status == 200 })
	if r, _ := w.was.last(); r.URL.Query().Get("province") != "Seoul" {
		t.Errorf("query %q", r.URL.RawQuery)
	}
	resp, body := func() (*http.Response, string) {
		p.header.Set("Idempotency-Key", "k1")
		return p.do(http.MethodPost, "/v1/bookings", "application/json", strings.NewReader(`{"slot_id":"5"}`))
	}()
	if resp.StatusCode != http.StatusCreated || !strings.Contains(body, "A-1") {
		t.Fatalf("%d %s", resp.StatusCode, body)
	}
	if resp.Header.Get("X-Sunbeon-Debug") != "" {
		t.Error("an internal header left the house")
	}
	r, sent := w.was.last()
	if sent != `{"slot_id":"5"}` || r.Header.Get("Idempotency-Key") != "k1" {
		t.Errorf("forwarded %q with %v", sent, r.Header)
	}
	for _, name := range []string{"sunbeon_login", "sunbeon_pass"} {
		if cookie, err := r.Cookie(name); err != nil || cookie.Value != p.cookies[name] {
			t.Errorf("cookie %s was not forwarded untouched", name)
		}
	}
	if got := p.join(); got.State != "booked" {
		t.Errorf("after booking the place is %q", got.State)
	}
	w.eventually("the booking is reported", func() bool {
		return w.cluster.current().Lines[plan.LineKey("a", "gate-1")].Booked == 1
	})
}

// A booking server gives the answer to an earlier attempt whatever pass is shown, and
// what passes others have been given is public.
func TestNobodyBooksOnAnothersPassOnRecord(t *testing.T) {
	w := newWorld(t)
	w.was.register(w, "was-1")
	p, victim := w.admitted("one"), w.admitted("two")
	w.eventually("the gate knows the server", func() bool { status, _ := p.get("/v1/institutions", nil); return status == 200 })
	p.cookies["sunbeon_pass"] = victim.cookies["sunbeon_pass"]
	p.header.Set("Idempotency-Key", "k1")
	resp, body := p.do(http.MethodPost, "/v1/bookings", "application/json", strings.NewReader(`{"slot_id":"5"}`))
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("%d %s", resp.StatusCode, body)
	}
	if got := victim.join(); got.State == "booked" {
		t.Error("another's booking stands on record under their pass")
	}
}

func TestThePassMayComeAsABearerToken(t *testing.T) {
	w := newWorld(t)
	w.was.register(w, "was-1")
	p := w.admitted("one")
	p.header.Set("Authorization", "Bearer "+p.cookies["sunbeon_pass"])
	delete(p.cookies, "sunbeon_pass")
	w.eventually("the request arrives", func() bool { status, _ := p.get("/v1/eligibility", nil); return status == 200 })
}

func TestWhoHasNoPassCostsTheServersNothing(t *testing.T) {
	w := newWorld(t)
	w.define("a")
	w.was.register(w, "was-1")
	p := w.citizen("one")
	for _, path := range []string{"/v1/eligibility", "/v1/institutions", "/v1/institutions/3/slots"} {
		status, body := p.get(path, nil)
		want(t, path, status, body, http.StatusUnauthorized, "pass_required")
		status, body = w.anyone().get(path, nil)
		want(t, path+" of a stranger", status, body, http.StatusUnauthorized, "")
	}
	status, body := w.anyone().get("/v1/bookings/mine", nil)
	want(t, "look-up without a login", status, body, http.StatusUnauthorized, "login_required")
	if w.was.count() != 0 {
		t.Errorf("%d requests reached a server", w.was.count())
	}
	// With a login alone, looking up works.
	w.eventually("the look-up works", func() bool { status, _ := p.get("/v1/bookings/mine", nil); return status == 200 })
}

func TestNoServerMeansHoldOn(t *testing.T) {
	w := newWorld(t)
	p := w.admitted("one")
	p.header.Set("Idempotency-Key", "k")
	resp, body := p.do(http.MethodPost, "/v1/bookings", "application/json", strings.NewReader(`{}`))
	want(t, "no server", resp.StatusCode, body, http.StatusServiceUnavailable, "hold_on")
	if resp.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestAKilledServerIsRoutedAround(t *testing.T) {
	w := newWorld(t)
	other := newFakeWAS(t)
	w.was.register(w, "was-1")
	other.register(w, "was-2")
	p := w.admitted("one")
	people := 0
	w.eventually("both servers are used", func() bool {
		people++
		w.citizen(fmt.Sprint("other-", people)).get("/v1/bookings/mine", nil)
		return w.was.count() > 0 && other.count() > 0
	})
	home, before := w.was, w.was.count()
	if p.get("/v1/eligibility", nil); home.count() == before {
		home = other
	}
	home.CloseClientConnections()
	home.Close()
	for i := range 40 {
		if status, body := p.book(fmt.Sprint("k", i)); status != http.StatusCreated {
			t.Errorf("booking %d: %d %s", i, status, body)
		}
	}
}

func TestALostAnswerIsAnUnknownOutcome(t *testing.T) {
	w := newWorld(t)
	w.was.register(w, "was-1")
	p := w.admitted("one")
	w.eventually("the server is used", func() bool { status, _ := p.get("/v1/eligibility", nil); return status == 200 })
	w.was.set(func() { w.was.hangUp = true })
	status, body := p.book("k")
	want(t, "lost answer", status, body, http.StatusGatewayTimeout, "unknown_outcome")
	if got := p.join(); got.State == "booked" {
		t.Error("recorded a booking nobody confirmed")
	}
}

// Nothing of an answer goes out that did not arrive whole.
func TestHalfAnAnswerIsNone(t *testing.T) {
	w := newWorld(t)
	w.was.register(w, "was-1")
	p := w.admitted("one")
	f := func(name string, garble http.HandlerFunc) {
		t.Helper()
		garbled := func() {
			w.was.set(func() { w.was.garble = nil })
			w.eventually("the server is used", func() bool { status, _ := p.get("/v1/eligibility", nil); return status == 200 })
			w.was.set(func() { w.was.garble = garble })
		}
		garbled()
		status, body := p.get("/v1/eligibility", nil)
		want(t, name+", read", status, body, http.StatusServiceUnavailable, "hold_on")
		garbled()
		status, body = p.book("k")
		want(t, name+", written", status, body, http.StatusGatewayTimeout, "unknown_outcome")
	}
	half := func(w http.ResponseWriter) {
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, `{"number":`)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	f("cut short", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "100"); half(w) })
	f("a chunk missing", func(w http.ResponseWriter, _ *http.Request) { half(w) })
	f("without end", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		w.Write(make([]byte, 2<<20))
	})
}

func TestLookUpsHaveALaneOfTheirOwn(t *testing.T) {
	w := newWorld(t, func(c *gate.Config) { c.LookupLane = 2 })
	w.was.register(w, "was-1")
	p := w.admitted("one")
	w.eventually("the server is used", func() bool { status, _ := p.get("/v1/eligibility", nil); return status == 200 })
	release := make(chan struct{})
	w.was.set(func() { w.was.hold = release })
	done := make(chan struct{}, 2)
	before := w.was.count()
	for range 2 {
		other := p.device()
		go func() { other.get("/v1/bookings/mine", nil); done <- struct{}{} }()
	}
	w.eventually("the lane is full", func() bool { return w.was.count() == before+2 })
	status, body := p.get("/v1/bookings/mine", nil)
	want(t, "third look-up", status, body, http.StatusServiceUnavailable, "hold_on")
	w.was.set(func() { w.was.hold = nil })
	if status, body := p.get("/v1/institutions", nil); status != http.StatusOK {
		t.Errorf("people with a pass are held up by look-ups: %d %s", status, body)
	}
	close(release)
	<-done
	<-done
}

func TestASlowBodyHoldsUpNobodyElse(t *testing.T) {
	w := newWorld(t, func(c *gate.Config) { c.LookupLane = 1 })
	w.was.register(w, "was-1")
	p := w.admitted("one")
	w.eventually("the server is used", func() bool { status, _ := p.get("/v1/eligibility", nil); return status == 200 })
	for range 3 {
		conn, err := net.Dial("tcp", w.http.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST /v1/bookings/A-1/change HTTP/1.1\r\nHost: gate\r\nCookie: sunbeon_login=%s\r\n"+
			"Content-Type: application/json\r\nContent-Length: 900\r\nExpect: 100-continue\r\n\r\n", p.cookies["sunbeon_login"])
		// "Continue" comes when somebody waits for the body.
		if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "100") {
			t.Fatalf("%q, %v", line, err)
		}
	}
	// The bodies stay unsent throughout, so that whoever waited for one would
	// wait for ever. A busy machine may make the gate pass over its one booking
	// server for a second, and then it asks people to hold on.
	w.eventually("a look-up beside three slow bodies is answered", func() bool {
		status, _ := p.get("/v1/bookings/mine", nil)
		return status == http.StatusOK
	})
}

// The gate answers for the passes it has signed, to the byte, and once for each.
func TestTheGateVouchesForItsOwnPassesOnly(t *testing.T) {
	w := newWorld(t)
	w.was.register(w, "was-1")
	p := w.admitted("one")
	p.header.Set(credential.IssuedHeader, "yes")
	w.eventually("the server is used", func() bool { status, _ := p.get("/v1/bookings/mine", nil); return status == 200 })
	own := p.cookies["sunbeon_pass"]
	f := func(pass string, want bool) {
		t.Helper()
		p.cookies["sunbeon_pass"] = pass
		p.get("/v1/institutions", nil)
		r, _ := w.was.last()
		if got := r.Header.Get(credential.IssuedHeader); got != "" && got != pass || (got != "") != want {
			t.Errorf("%.40q…: vouched for: %.40q", pass, got)
		}
	}
	f(own, false) // it was, when the server was first asked
	p.enter()     // the same pass, fetched again
	f(swapByte(own, len(own)-20), false)
	f(own+".", false)
	f("x", false)
	f(own, true)
	f(own, false)
}

func TestInventedHeadersStayOutside(t *testing.T) {
	w := newWorld(t)
	w.was.register(w, "was-1")
	p := w.admitted("one")
	w.eventually("the server is used", func() bool { status, _ := p.get("/v1/eligibility", nil); return status == 200 })
	for name, value := range map[string]string{
		"X-Sunbeon-Role": "operator", credential.IssuedHeader: "forged", "X-Forwarded-For": "10.0.0.1", "Forwarded": "for=10.0.0.1", "X-Real-Ip": "10.0.0.1",
		"X-Http-Method-Override": "DELETE", "Connection": "Cookie, Authorization", "Te": "trailers", "Upgrade": "h2c",
		"Proxy-Authorization": "Basic x", "Accept": "application/json",
	} {
		p.header.Set(name, value)
	}
	// Connection names Cookie hop by hop: it must not make the gate forget who
	// asks, nor pass anything on that it should not.
	if status, body := p.get("/v1/institutions", nil); status != http.StatusOK && status != http.StatusUnauthorized {
		t.Fatalf("%d %s", status, body)
	}
	p.header.Del("Connection")
	if status, body := p.get("/v1/institutions", nil); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	r, _ := w.was.last()
	for name := range r.Header {
		switch name {
		case "Accept", "Cookie", "Traceparent": // the trace is the gate's own
		default:
			t.Errorf("header %s: %s went through", name, r.Header.Get(name))
		}
	}
}

// TestSmuggledRequestsAreSeenByTheDoor sends two framings at once. Whatever
// the second request in it becomes, it is checked like any other, and no
// booking server sees bytes the gate has not read.
func TestSmuggledRequestsAreSeenByTheDoor(t *testing.T) {
	w := newWorld(t)
	w.was.register(w, "was-1")
	p := w.admitted("one")
	w.eventually("the server is used", func() bool { status, _ := p.get("/v1/eligibility", nil); return status == 200 })
	before := w.was.count()
	cookie := fmt.Sprintf("Cookie: sunbeon_login=%s; sunbeon_pass=%s\r\n", p.cookies["sunbeon_login"], p.cookies["sunbeon_pass"])
	smuggled := "DELETE /v1/bookings/A-1 HTTP/1.1\r\nHost: was\r\nX-Sunbeon-Role: operator\r\n\r\n"
	f := func(name, head, body string) {
		t.Helper()
		conn, err := net.Dial("tcp", strings.TrimPrefix(w.http.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(300 * time.Millisecond))
		fmt.Fprintf(conn, "POST /v1/bookings HTTP/1.1\r\nHost: gate\r\nIdempotency-Key: k\r\nContent-Type: application/json\r\n%s%s\r\n%s", cookie, head, body)
		reader := bufio.NewReader(conn)
		for {
			resp, err := http.ReadResponse(reader, nil)
			if err != nil {
				break
			}
			io.Copy(io.Discard, resp.Body)
		}
		w.was.mu.Lock()
		defer w.was.mu.Unlock()
		for _, r := range w.was.requests[before:] {
			if r.Method != http.MethodPost || r.Header.Get("X-Sunbeon-Role") != "" {
				t.Errorf("%s: %s %s reached the server", name, r.Method, r.URL)
			}
		}
	}
	f("length and chunks", fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n", 5+len(smuggled)), "0\r\n\r\n"+smuggled)
	f("chunks twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"+smuggled)
	f("odd chunks", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"+smuggled)
	f("two lengths", fmt.Sprintf("Content-Length: 2\r\nContent-Length: %d\r\n", 2+len(smuggled)), "{}"+smuggled)
	f("header in a header", "X-A: b\r\n X-Sunbeon-Role: operator\r\nContent-Length: 2\r\n", "{}")
}

func TestABookingIsSentAsJSON(t *testing.T) {
	w := newWorld(t)
	w.was.register(w, "was-1")
	p := w.admitted("one")
	w.eventually("the server is used", func() bool { status, _ := p.get("/v1/eligibility", nil); return status == 200 })
	p.header.Set("Idempotency-Key", "k")
	for media, want := range map[string]int{
		"application/json": http.StatusCreated, "application/json; charset=utf-8": http.StatusCreated,
		"text/plain": http.StatusUnsupportedMediaType, "": http.StatusUnsupportedMediaType,
	} {
		if resp, body := p.do(http.MethodPost, "/v1/bookings", media, strings.NewReader(`{"slot_id":"1"}`)); resp.StatusCode != want {
			t.Errorf("as %q: %d %s, want %d", media, resp.StatusCode, body, want)
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	w := newWorld(t)
	w.was.register(w, "was-1")
	p := w.admitted("one")
	w.eventually("the server is used", func() bool { status, _ := p.get("/v1/eligibility", nil); return status == 200 })
	before := w.was.count()
	huge := strings.Repeat("x", waspool.MaxBody+1)
	p.header.Set("Idempotency-Key", "k")
	resp, body := p.do(http.MethodPost, "/v1/bookings", "application/json", strings.NewReader(huge))
	want(t, "oversized booking", resp.StatusCode, body, http.StatusRequestEntityTooLarge, "body_too_large")
	resp, body = p.do(http.MethodPost, "/v1/bookings", "application/json", io.MultiReader(strings.NewReader(huge)))
	want(t, "oversized booking of undeclared length", resp.StatusCode, body, http.StatusRequestEntityTooLarge, "body_too_large")
	if w.was.count() != before {
		t.Error("an oversized body reached a server")
	}
}

// A booking whose answer got lost between server and gate is on record all the
// same: the ledger's outbox tells.
func TestALostAnswersBookingIsPutOnRecord(t *testing.T) {
	w := newWorld(t)
	w.was.register(w, "was-1")
	p := w.admitted("one")
	issued := p.enter()
	used := map[string]string{"cohort": p.join().Cohort, "pass": issued.ID}
	unknown := map[string]string{"cohort": used["cohort"], "pass": strings.Repeat("0", 32)}
	w.was.set(func() { w.was.outbox = append(w.was.outbox, unknown, used, used) })
	w.eventually("the booking is on record", func() bool { return p.join().State == "booked" })
}
