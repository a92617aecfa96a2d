package direct_test

import (
	"bufio"
	"context"
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

	"sunbeon/internal/direct"
)

// counted tells how many connections a server was given.
func counted(s *httptest.Server) (*httptest.Server, *atomic.Int64) {
	opened := new(atomic.Int64)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	return s, opened
}

var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.RequestURI(), body)
})

func ask(t *testing.T, by http.RoundTripper, method, url, key, body string) (string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	resp, err := by.RoundTrip(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return string(answer), err
}

func want(t *testing.T, answer string) func(string, error) {
	return func(got string, err error) {
		t.Helper()
		if err != nil || got != answer {
			t.Errorf("got %q, %v; want %q", got, err, answer)
		}
	}
}

func TestAConnectionServesOneAfterAnother(t *testing.T) {
	f := func(start func(*httptest.Server)) {
		t.Helper()
		server, opened := counted(httptest.NewUnstartedServer(echo))
		start(server)
		defer server.Close()
		config := direct.Config{}
		if trusting, ok := server.Client().Transport.(*http.Transport); ok {
			config.TLS = trusting.TLSClientConfig
		}
		by := direct.New(config)
		defer by.CloseIdleConnections()
		for i := range 20 {
			body := strings.Repeat("x", i*1000)
			want(t, "POST /a?b=c "+body)(ask(t, by, "POST", server.URL+"/a?b=c", "", body))
			want(t, "GET / ")(ask(t, by, "GET", server.URL+"/", "", ""))
		}
		if n := opened.Load(); n != 1 {
			t.Errorf("%d connections", n)
		}
	}
	f((*httptest.Server).Start)
	f((*httptest.Server).StartTLS)
}

func TestManyAtOnce(t *testing.T) {
	server, opened := counted(httptest.NewUnstartedServer(echo))
	server.Start()
	defer server.Close()
	const most = 4
	by := direct.New(direct.Config{MaxConns: most})
	defer by.CloseIdleConnections()
	var asking sync.WaitGroup
	for i := range 50 {
		asking.Go(func() {
			path := fmt.Sprintf("/%d", i)
			want(t, "GET "+path+" ")(ask(t, by, "GET", server.URL+path, "", ""))
		})
	}
	asking.Wait()
	if n := opened.Load(); n > most {
		t.Errorf("%d connections, want at most %d", n, most)
	}
}

// A server that was started again has closed its connections; nobody notices.
func TestAClosedConnectionIsNotUsed(t *testing.T) {
	server := httptest.NewServer(echo)
	defer server.Close()
	by := direct.New(direct.Config{})
	defer by.CloseIdleConnections()
	for range 3 {
		want(t, "POST / once")(ask(t, by, "POST", server.URL, "", "once"))
		server.CloseClientConnections()
		time.Sleep(20 * time.Millisecond) // until the system has heard of it
	}
}

// deaf answers the first request of the first connection, hears the second and
// hangs up. What comes by later connections it answers with a status, unless gone.
func deaf(t *testing.T, gone bool, later int) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for first := true; ; first = false {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if first && gone {
				l.Close()
			}
			go func() {
				defer c.Close()
				in := bufio.NewReader(c)
				for n := 0; ; n++ {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					io.Copy(io.Discard, r.Body)
					if first && n == 1 {
						return
					}
					status := http.StatusOK
					if !first {
						status = later
					}
					fmt.Fprintf(c, "HTTP/1.1 %d Told\r\nContent-Length: 2\r\n\r\nok", status)
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

func TestASilentEndIsAskedAgainWhereThatIsHarmless(t *testing.T) {
	f := func(method, key string, gone, harmless bool) {
		t.Helper()
		url := deaf(t, gone, http.StatusOK)
		by := direct.New(direct.Config{})
		defer by.CloseIdleConnections()
		want(t, "ok")(ask(t, by, method, url, key, "body"))
		answer, err := ask(t, by, method, url, key, "body")
		if harmless != (err == nil && answer == "ok") {
			t.Errorf("%s with key %q: %q, %v", method, key, answer, err)
		}
		// Whoever hears of "dial" takes it that nothing was sent.
		var op *net.OpError
		if errors.As(err, &op) && op.Op == "dial" {
			t.Errorf("%s with key %q: %v, though the server has heard it", method, key, err)
		}
	}
	f("GET", "", false, true)
	f("POST", "key", false, true)
	f("POST", "", false, false)
	f("DELETE", "", false, false)
	f("GET", "", true, false)
	f("POST", "key", true, false)
}

// A server that was killed may have done what it was asked, so that one that has
// just been started cannot say that nothing was done.
func TestASecondFailureDoesNotSpeakForTheFirst(t *testing.T) {
	f := func(method string, status int, certain bool) {
		t.Helper()
		url := deaf(t, false, status)
		by := direct.New(direct.Config{MaxConns: 1})
		defer by.CloseIdleConnections()
		want(t, "ok")(ask(t, by, method, url, "key", ""))
		if _, err := ask(t, by, method, url, "key", ""); certain != (err == nil) {
			t.Errorf("%s, then %d: %v", method, status, err)
		}
		want(t, "ok")(ask(t, by, method, url, "key", "")) // its place is free
	}
	f("GET", http.StatusServiceUnavailable, true)
	f("POST", http.StatusServiceUnavailable, false)
	f("POST", http.StatusConflict, false)
	f("POST", http.StatusForbidden, false)
}

// within is long beside any answer, also on a busy machine, but for those of slow.
const within = 500 * time.Millisecond

// slow is a server that lets whoever asks for /slow wait until the test ends, and
// how often it was asked for that.
func slow(t *testing.T) (url string, asked *atomic.Int64) {
	t.Helper()
	hang := make(chan struct{})
	asked = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			asked.Add(1)
			<-hang
		}
		io.WriteString(w, "ok")
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(hang) })
	return server.URL, asked
}

func TestWhoHangsIsAskedOnce(t *testing.T) {
	url, asked := slow(t)
	by := direct.New(direct.Config{Within: within})
	defer by.CloseIdleConnections()
	for _, method := range []string{"GET", "POST"} {
		asked.Store(0)
		want(t, "ok")(ask(t, by, method, url, "key", "")) // keeps its connection
		if _, err := ask(t, by, method, url+"/slow", "key", ""); err == nil || asked.Load() != 1 {
			t.Errorf("%s: asked %d times, %v", method, asked.Load(), err)
		}
	}
}

func TestAnExchangeHasItsTime(t *testing.T) {
	url, _ := slow(t)
	by := direct.New(direct.Config{Within: within})
	defer by.CloseIdleConnections()
	want(t, "ok")(ask(t, by, "GET", url, "", ""))
	var late net.Error
	if _, err := ask(t, by, "POST", url+"/slow", "", ""); !errors.As(err, &late) || !late.Timeout() {
		t.Errorf("got %v", err)
	}
	want(t, "ok")(ask(t, by, "GET", url, "", ""))
	time.Sleep(within + 10*time.Millisecond) // its deadline passes while nobody uses it
	want(t, "ok")(ask(t, by, "POST", url, "", ""))
}

func TestWhatCannotBeReachedWasNotSent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	plain := httptest.NewServer(echo)
	defer plain.Close()
	for _, url := range []string{
		"http://" + l.Addr().String(),
		strings.Replace(plain.URL, "http:", "https:", 1), // shakes no hands
	} {
		_, err := ask(t, direct.New(direct.Config{}), "POST", url, "", "")
		var op *net.OpError
		if !errors.As(err, &op) || op.Op != "dial" {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestWhoGivesUpIsFreeAtOnce(t *testing.T) {
	asked, hang := make(chan struct{}, 1), make(chan struct{})
	gone := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/head":
			defer close(gone)
			asked <- struct{}{}
			<-r.Context().Done()
		case "/body":
			w.Header().Set("Content-Length", "10")
			io.WriteString(w, "half")
			w.(http.Flusher).Flush()
			asked <- struct{}{}
			<-hang
		default:
			io.WriteString(w, "ok")
		}
	}))
	defer server.Close()
	defer close(hang)
	by := direct.New(direct.Config{MaxConns: 1})
	defer by.CloseIdleConnections()
	f := func(path string) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { <-asked; cancel() }()
		r, _ := http.NewRequestWithContext(ctx, "GET", server.URL+path, nil)
		resp, err := by.RoundTrip(r)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", path, err)
		}
		want(t, "ok")(ask(t, by, "GET", server.URL, "", "")) // the one place is free
	}
	f("/head")
	<-gone // the server hears of it
	f("/body")
}

func TestAnAnswerLeftUnreadCostsItsConnection(t *testing.T) {
	server, opened := counted(httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write(make([]byte, 1<<20))
	})))
	server.Start()
	defer server.Close()
	by := direct.New(direct.Config{MaxConns: 1})
	defer by.CloseIdleConnections()
	for range 3 {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", server.URL, nil)
		resp, err := by.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		resp.Body.Close() // twice is once
	}
	if n := opened.Load(); n != 3 {
		t.Errorf("%d connections", n)
	}
}

// A head without end, an answer that is none, and a body cut short are errors.
func TestAMadServer(t *testing.T) {
	f := func(answer string) {
		t.Helper()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				http.ReadRequest(bufio.NewReader(c))
				io.WriteString(c, answer)
				c.Close()
			}
		}()
		if got, err := ask(t, direct.New(direct.Config{}), "GET", "http://"+l.Addr().String(), "", ""); err == nil {
			t.Errorf("answered %q", got)
		}
	}
	f("HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+strings.Repeat("y", 1000)+"\r\n", 100) + "Content-Length: 2\r\n\r\nok")
	f("hello\r\n\r\n")
	f("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
	f("")
}

// Whoever gives up takes their connection along, at both ends, however many do.
func TestThoseWhoGiveUpLeaveNoConnections(t *testing.T) {
	var open atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		}
	}
	server.Start()
	defer server.Close()
	by := direct.New(direct.Config{})
	defer by.CloseIdleConnections()
	var asking sync.WaitGroup
	for range 50 {
		asking.Go(func() {
			for range 40 {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Millisecond)
				r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
				if err != nil {
					t.Error(err)
				}
				if resp, err := by.RoundTrip(r); err == nil {
					resp.Body.Close()
					t.Error("answered")
				}
				cancel()
			}
		})
	}
	asking.Wait()
	for deadline := time.Now().Add(10 * time.Second); open.Load() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are left", open.Load())
		}
	}
}
