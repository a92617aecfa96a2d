package observability_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"sunbeon/internal/observability"
)

const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func TestTraceGoesThroughToTheLogAndTheNextServer(t *testing.T) {
	for _, parent := range []string{parent, strings.TrimSuffix(parent, "-01") + "-00"} {
		t.Run(parent, func(t *testing.T) { testTraceGoesThrough(t, parent) })
	}
}

func testTraceGoesThrough(t *testing.T, parent string) {
	var log bytes.Buffer
	o, err := observability.New(observability.Config{Process: "gate", Instance: "gate-1", LogWriter: &log})
	if err != nil {
		t.Fatal(err)
	}
	var seen string
	next := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { seen = r.Header.Get("Traceparent") }))
	defer next.Close()
	client := &http.Client{Transport: o.Transport(http.DefaultTransport)}
	h := o.Route("/v1/thing/{id}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.Logger.InfoContext(r.Context(), "here")
		req, _ := http.NewRequestWithContext(r.Context(), http.MethodGet, next.URL, nil)
		if resp, err := client.Do(req); err == nil {
			resp.Body.Close()
		}
		w.WriteHeader(http.StatusTeapot)
	}))
	r := httptest.NewRequest(http.MethodGet, "/v1/thing/42", nil)
	r.Header.Set("Traceparent", parent)
	h.ServeHTTP(httptest.NewRecorder(), r)

	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	if !strings.Contains(log.String(), id) {
		t.Errorf("log line has no trace id: %s", log.String())
	}
	if !strings.Contains(seen, id) || seen[len(seen)-3:] != parent[len(parent)-3:] {
		t.Errorf("next server saw Traceparent %q", seen)
	}
	if n := testutil.CollectAndCount(o.Registry, "http_server_request_duration_seconds"); n != 1 {
		t.Errorf("%d series of the route, want 1", n)
	}
}

// Where nothing is sampled no span is made, but the lines of one request still
// belong together.
func TestLinesOfARequestShareATraceIDWithoutACaller(t *testing.T) {
	var log bytes.Buffer
	o, err := observability.New(observability.Config{Process: "gate", Instance: "gate-1", LogWriter: &log})
	if err != nil {
		t.Fatal(err)
	}
	h := o.Route("/v1/thing", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		o.Logger.InfoContext(r.Context(), "first")
		ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
		defer cancel()
		o.Logger.InfoContext(ctx, "second")
	}))
	for range 2 {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/v1/thing", nil))
	}
	ids := regexp.MustCompile(`"trace_id":"([0-9a-f]{32})"`).FindAllStringSubmatch(log.String(), -1)
	if len(ids) != 4 || ids[0][1] != ids[1][1] || ids[2][1] != ids[3][1] || ids[0][1] == ids[2][1] {
		t.Errorf("trace ids %v in\n%s", ids, log.String())
	}
}

func TestUnknownLogLevel(t *testing.T) {
	if _, err := observability.New(observability.Config{LogLevel: "loud"}); err == nil {
		t.Error("no error")
	}
}
