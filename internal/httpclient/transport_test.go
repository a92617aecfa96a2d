package httpclient_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sunbeon/internal/httpclient"
)

// server is a test server that counts its connections.
type server struct {
	*httptest.Server
	connections atomic.Int64
}

func newServer(t *testing.T, h http.HandlerFunc) *server {
	t.Helper()
	s := &server{Server: httptest.NewUnstartedServer(h)}
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func newTransport(t *testing.T, transport *httpclient.Transport) *httpclient.Transport {
	t.Helper()
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

func ask(t *testing.T, transport http.RoundTripper, method, url, body string, header ...string) (string, error) {
	t.Helper()
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, in)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return string(answer), err
}

func TestOneConnectionServesOneAfterTheOther(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/length":
			w.Header().Set("Content-Length", "6")
			io.WriteString(w, "length")
		case "/chunks":
			io.WriteString(w, "chu")
			http.NewResponseController(w).Flush()
			io.WriteString(w, "nks")
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		case "/same":
			w.WriteHeader(http.StatusNotModified)
		case "/early":
			w.Header().Set("Link", "</style.css>")
			w.WriteHeader(http.StatusEarlyHints)
			io.WriteString(w, "early")
		case "/echo":
			io.Copy(w, r.Body)
		}
	})
	transport := newTransport(t, &httpclient.Transport{})
	f := func(method, path, body, want string) {
		t.Helper()
		if got, err := ask(t, transport, method, s.URL+path, body); err != nil || got != want {
			t.Errorf("%s %s: %q, %v; want %q", method, path, got, err, want)
		}
	}
	for range 3 {
		f("GET", "/length", "", "length")
		f("HEAD", "/length", "", "")
		f("GET", "/chunks", "", "chunks")
		f("GET", "/none", "", "")
		f("GET", "/same", "", "")
		f("GET", "/early", "", "early")
		f("POST", "/echo", "a body", "a body")
	}
	if n := s.connections.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

func TestABodyThatNobodyReadsClosesItsConnection(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) { w.Write(make([]byte, 100_000)) })
	transport := newTransport(t, &httpclient.Transport{MaxPerHost: 1})
	for range 3 {
		r, _ := http.NewRequest("GET", s.URL, nil)
		resp, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if n, err := resp.Body.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Error("a closed body can be read")
		}
	}
	if n := s.connections.Load(); n != 3 {
		t.Errorf("%d connections", n)
	}
}

func TestWhatWasClosedWhileIdleIsReplaced(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	transport := newTransport(t, &httpclient.Transport{})
	for range 5 {
		if got, err := ask(t, transport, "POST", s.URL, "once"); err != nil || got != "once" {
			t.Fatalf("%q, %v", got, err)
		}
		s.CloseClientConnections()
	}
}

// hangUp serves connections by hand: it answers the first request of each, and
// hangs up on having read the second.
func hangUp(t *testing.T, asked *atomic.Int64) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				in := bufio.NewReader(c)
				for i := range 2 {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					io.Copy(io.Discard, r.Body)
					asked.Add(1)
					if i == 0 {
						io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
					}
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

func TestALostAnswerIsAskedForAgainOnlyWhereThatIsSafe(t *testing.T) {
	f := func(method string, wantAsked int64, header ...string) {
		t.Helper()
		var asked atomic.Int64
		url := hangUp(t, &asked)
		transport := newTransport(t, &httpclient.Transport{})
		if _, err := ask(t, transport, "GET", url, ""); err != nil {
			t.Fatal(err)
		}
		got, err := ask(t, transport, method, url, "body", header...)
		if safe := wantAsked == 3; safe && (err != nil || got != "ok") || !safe && err == nil {
			t.Errorf("%s %v: %q, %v", method, header, got, err)
		}
		if n := asked.Load(); n != wantAsked {
			t.Errorf("%s %v: asked %d times, want %d", method, header, n, wantAsked)
		}
	}
	f("GET", 3)
	f("POST", 2)
	f("DELETE", 2)
	f("POST", 3, "Idempotency-Key", "key")
}

func TestABodyThatIsGoneIsNotSentAgain(t *testing.T) {
	var asked atomic.Int64
	url := hangUp(t, &asked)
	transport := newTransport(t, &httpclient.Transport{})
	if _, err := ask(t, transport, "GET", url, ""); err != nil {
		t.Fatal(err)
	}
	r, _ := http.NewRequest("POST", url, io.NopCloser(strings.NewReader("body")))
	r.ContentLength = 4
	r.Header.Set("Idempotency-Key", "key")
	if resp, err := transport.RoundTrip(r); err == nil {
		t.Errorf("answered %s", resp.Status)
	}
}

func TestNoConnectionIsAnErrorOfDialing(t *testing.T) {
	secret := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secret.Close)
	secret.Config.ErrorLog = nil
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, url := range []string{gone.URL, secret.URL} {
		_, err := ask(t, newTransport(t, &httpclient.Transport{MaxPerHost: 1}), "POST", url, "x")
		var op *net.OpError
		if !errors.As(err, &op) || op.Op != "dial" {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestTLSIsCheckedByName(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) }))
	t.Cleanup(s.Close)
	roots := s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	transport := newTransport(t, &httpclient.Transport{TLS: &tls.Config{RootCAs: roots}})
	for range 2 {
		if got, err := ask(t, transport, "GET", s.URL, ""); err != nil || got != "HTTP/1.1" {
			t.Errorf("%q, %v", got, err)
		}
	}
	other := newTransport(t, &httpclient.Transport{TLS: &tls.Config{RootCAs: roots, ServerName: "somebody.else"}})
	if _, err := ask(t, other, "GET", s.URL, ""); err == nil {
		t.Error("somebody else's certificate was taken")
	}
}

func TestTheContextEndsTheWait(t *testing.T) {
	release := make(chan struct{})
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/half" {
			w.Header().Set("Content-Length", "4")
			io.WriteString(w, "ha")
			http.NewResponseController(w).Flush()
		}
		<-release
	})
	t.Cleanup(func() { close(release) })
	transport := newTransport(t, &httpclient.Transport{MaxPerHost: 1})
	for _, path := range []string{"/", "/half", "/"} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		r, _ := http.NewRequestWithContext(ctx, "GET", s.URL+path, nil)
		resp, err := transport.RoundTrip(r)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", path, err)
		}
		cancel()
	}
}

func TestAnAnswerMustComeInTime(t *testing.T) {
	release := make(chan struct{})
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-release
		}
	})
	t.Cleanup(func() { close(release) })
	transport := newTransport(t, &httpclient.Transport{AnswerWithin: 100 * time.Millisecond})
	for range 2 { // the second after a pause as long as the wait may be
		if _, err := ask(t, transport, "GET", s.URL, ""); err != nil {
			t.Fatal(err)
		}
		time.Sleep(150 * time.Millisecond)
	}
	if _, err := ask(t, transport, "GET", s.URL+"/slow", ""); err == nil {
		t.Error("it waited for ever")
	}
}

func TestNoMoreThanTheHostMayHaveAreUnderWay(t *testing.T) {
	var now, most atomic.Int64
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		time.Sleep(5 * time.Millisecond)
	})
	transport := newTransport(t, &httpclient.Transport{MaxPerHost: 3})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := ask(t, transport, "GET", s.URL, ""); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if most.Load() > 3 || s.connections.Load() > 3 {
		t.Errorf("%d at once over %d connections", most.Load(), s.connections.Load())
	}
}

func TestAHostWithoutAPortHasItsSchemes(t *testing.T) {
	f := func(url, want string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r, _ := http.NewRequestWithContext(ctx, "GET", url, nil)
		resp, err := (&httpclient.Transport{}).RoundTrip(r)
		if err == nil {
			resp.Body.Close()
			t.Skipf("something serves %s here", url)
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s named", url, err, want)
		}
	}
	f("http://127.0.0.1/", "127.0.0.1:80")
	f("https://127.0.0.1/", "127.0.0.1:443")
	f("http://[::1]/", "[::1]:80")
	f("http://[::1]:1/", "[::1]:1")
}

// raw answers every request of a connection with the same bytes.
func raw(t *testing.T, answer []byte) (url string, connections *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	connections = new(atomic.Int64)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			go func() {
				defer c.Close()
				for in := bufio.NewReader(c); ; {
					if _, err := http.ReadRequest(in); err != nil {
						return
					}
					c.Write(answer)
				}
			}()
		}
	}()
	return "http://" + l.Addr().String(), connections
}

func TestAnAnswerNobodyAskedForReachesNobody(t *testing.T) {
	forged := "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
	url, connections := raw(t, []byte("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nreal"+forged))
	transport := newTransport(t, &httpclient.Transport{})
	for range 5 {
		if got, err := ask(t, transport, "GET", url, ""); err != nil || got != "real" {
			t.Errorf("%q, %v", got, err)
		}
	}
	if n := connections.Load(); n != 5 {
		t.Errorf("%d connections", n)
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	f := func(name string, answer []byte) {
		t.Helper()
		url, _ := raw(t, answer)
		if got, err := ask(t, newTransport(t, &httpclient.Transport{MaxPerHost: 1}), "GET", url, ""); err == nil {
			t.Errorf("%s: %.40q", name, got)
		}
	}
	f("no end of the head", append([]byte("HTTP/1.1 200 OK\r\n"), bytes.Repeat([]byte("A: b\r\n"), 100_000)...))
	f("other protocol", []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"))
	f("provisional for ever", bytes.Repeat([]byte("HTTP/1.1 100 Continue\r\n\r\n"), 20))
	f("two lengths", []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc"))
	f("no HTTP", []byte("hello\r\n\r\n"))
}

func TestUnusedConnectionsAreClosed(t *testing.T) {
	closed := make(chan struct{}, 1)
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	transport := newTransport(t, &httpclient.Transport{IdleFor: 20 * time.Millisecond})
	if _, err := ask(t, transport, "GET", s.URL, ""); err != nil {
		t.Fatal(err)
	}
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Error("still open")
	}
}

func TestManyAtOnceGetTheirOwnAnswers(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.URL.Query().Get("i"))
		io.Copy(w, r.Body)
	})
	transport := newTransport(t, &httpclient.Transport{})
	before := runtime.NumGoroutine()
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			for j := range 50 {
				id := fmt.Sprintf("%d-%d", i, j)
				if got, err := ask(t, transport, "POST", s.URL+"/?i="+id, "+"+id); err != nil || got != id+"+"+id {
					t.Errorf("%s: %q, %v", id, got, err)
				}
				if j%10 == i%10 {
					transport.CloseIdleConnections()
				}
			}
		})
	}
	all.Wait()
	transport.CloseIdleConnections()
	s.Close()
	for began := time.Now(); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}
