package httpserver_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sunbeon/internal/httpserver"
	"sunbeon/internal/observability"
	"sunbeon/internal/pki"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestRequestsInFlightFinish(t *testing.T) {
	l := listen(t)
	began := make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(began)
		time.Sleep(200 * time.Millisecond)
		io.WriteString(w, "done")
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- httpserver.Run(ctx, slog.New(slog.DiscardHandler), httpserver.Server{Name: "slow", Listener: l, Handler: slow})
	}()
	go func() { <-began; cancel() }()
	resp, err := http.Get("http://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); string(body) != "done" {
		t.Errorf("got %q", body)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestATakenPortNamesTheServer(t *testing.T) {
	l := listen(t)
	defer l.Close()
	err := httpserver.Run(t.Context(), slog.New(slog.DiscardHandler), httpserver.Server{Name: "citizen pages", Address: l.Addr().String()})
	if err == nil || !strings.Contains(err.Error(), "citizen pages") {
		t.Errorf("got %v", err)
	}
}

func TestPrivateListener(t *testing.T) {
	o, err := observability.New(observability.Config{Process: "test", LogWriter: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	ready := errors.New("no plan yet")
	mux := httpserver.Private(o, func() error { return ready })
	l := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go httpserver.Run(ctx, slog.New(slog.DiscardHandler), httpserver.Server{Name: "private", Listener: l, Handler: mux})
	f := func(path string, status int, contains string) {
		t.Helper()
		resp, err := http.Get("http://" + l.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != status || !strings.Contains(string(body), contains) {
			t.Errorf("%s: %d %.80q", path, resp.StatusCode, body)
		}
	}
	f("/healthz", 503, "no plan yet")
	ready = nil
	f("/healthz", 200, "ok")
	f("/metrics", 200, "go_goroutines")
	f("/debug/pprof/", 403, "role_not_allowed")
}

// Who comes by a socket has the role of those that can, and no other; who comes
// without a certificate by any other way has none.
func TestNeighboursHaveTheirRole(t *testing.T) {
	ask := func(neighbours, wanted string) int {
		t.Helper()
		l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		defer func() { cancel(); <-ended }()
		handler := pki.RequireRole(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), wanted)
		go func() {
			ended <- httpserver.Run(ctx, slog.New(slog.DiscardHandler), httpserver.Server{Name: "socket", Listener: l, Handler: handler, Neighbours: neighbours})
		}()
		transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", l.Addr().String())
		}}
		defer transport.CloseIdleConnections()
		resp, err := (&http.Client{Transport: transport}).Get("http://was/")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	f := func(neighbours, wanted string, status int) {
		t.Helper()
		if got := ask(neighbours, wanted); got != status {
			t.Errorf("neighbours are %q, %q is wanted: %d", neighbours, wanted, got)
		}
	}
	f("gate", "gate", 200)
	f("gate", "staff", 403)
	f("", "gate", 403)
}
