package observability_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"sunbeon/internal/observability"
)

// blackHole accepts connections and never answers.
func blackHole(t *testing.T) string {
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
			t.Cleanup(func() { c.Close() })
		}
	}()
	return "http://" + l.Addr().String()
}

func TestOutageOfLokiAndCollectorSlowsNobody(t *testing.T) {
	silent := blackHole(t)
	o, err := observability.New(observability.Config{
		Process: "gate", Instance: "gate-1", LogWriter: io.Discard,
		OTLPEndpoint: silent, TraceShare: 1, LokiURL: silent + "/loki/api/v1/push",
	})
	if err != nil {
		t.Fatal(err)
	}
	h := o.Route("/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.Logger.InfoContext(r.Context(), "one line")
	}))
	began := time.Now()
	const requests = 20_000
	for range requests {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	}
	// Blocking once on either would cost five seconds or more.
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("%d requests took %s while nobody listened", requests, took)
	}
	if n, err := testutil.GatherAndCount(o.Registry, "sunbeon_loki_dropped_lines_total"); err != nil || n != 1 {
		t.Errorf("no count of dropped lines (%d, %v)", n, err)
	}
	began = time.Now()
	o.Shutdown(t.Context())
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("shutdown took %s", took)
	}
}

func TestLinesAndSpansArrive(t *testing.T) {
	var lines, spans atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("POST /loki/api/v1/push", func(w http.ResponseWriter, r *http.Request) {
		lines.Add(1)
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /v1/traces", func(w http.ResponseWriter, r *http.Request) { spans.Add(1) })
	server := httptest.NewServer(mux)
	defer server.Close()
	o, err := observability.New(observability.Config{
		Process: "gate", Instance: "gate-1", LogWriter: io.Discard,
		OTLPEndpoint: server.URL, TraceShare: 1, LokiURL: server.URL + "/loki/api/v1/push",
	})
	if err != nil {
		t.Fatal(err)
	}
	o.Route("/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.Logger.InfoContext(r.Context(), "one line")
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	if err := o.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if lines.Load() == 0 || spans.Load() == 0 {
		t.Errorf("%d pushes to Loki, %d exports of spans", lines.Load(), spans.Load())
	}
}

func TestAddressesThatAreNone(t *testing.T) {
	if _, err := observability.New(observability.Config{LokiURL: "nowhere"}); err == nil {
		t.Error("no error for a Loki URL without a host")
	}
	if _, err := observability.New(observability.Config{OTLPEndpoint: "nowhere"}); err == nil {
		t.Error("no error for an OTLP endpoint without a host")
	}
	if _, err := observability.New(observability.Config{TraceShare: 2}); err == nil {
		t.Error("no error for twice all traces")
	}
}
