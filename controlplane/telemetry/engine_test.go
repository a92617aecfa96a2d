package telemetry_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"sunbeon/controlplane/telemetry"
	"sunbeon/internal/observability"
	"sunbeon/internal/pki"
)

const rule = `
groups:
  - name: test
    interval: 1s
    rules:
      - alert: BreakerOpen
        expr: sunbeon_breaker_open{system="stock"} == 1
        labels: {severity: page}
        annotations: {summary: "stock is not answering"}
`

// process is a scraped process whose gauge the test sets.
func process(t *testing.T, dir string) (*httptest.Server, prometheus.Gauge) {
	t.Helper()
	registry := prometheus.NewRegistry()
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "sunbeon_breaker_open", ConstLabels: prometheus.Labels{"system": "stock"}})
	registry.MustRegister(gauge)
	return scraped(t, dir, registry), gauge
}

// scraped serves a WAS's metrics as its private listener does.
func scraped(t *testing.T, dir string, registry *prometheus.Registry) *httptest.Server {
	t.Helper()
	identity, err := pki.Load(dir, "was")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	server.TLS = identity.RequireTLS()
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func start(t *testing.T, pkiDir string) *telemetry.Engine {
	t.Helper()
	engine, err := telemetry.New(telemetry.Config{
		Dir: filepath.Join(t.TempDir(), "prometheus"),
		Certificates: telemetry.Certificates{
			Authority: filepath.Join(pkiDir, "ca.pem"), Certificate: filepath.Join(pkiDir, "controlplane.pem"),
			Key: filepath.Join(pkiDir, "controlplane.key"), ServerName: pki.ServerName,
		},
		Rules:     fstest.MapFS{"test.yml": {Data: []byte(rule)}},
		Retention: time.Hour, RetentionBytes: 64 << 20,
		Registry: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- engine.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return engine
}

// leads starts the engine of a leader, which scrapes these WAS.
func leads(t *testing.T, pkiDir string, servers map[string]*httptest.Server) *telemetry.Engine {
	t.Helper()
	engine := start(t, pkiDir)
	if err := engine.Lead(true); err != nil {
		t.Fatal(err)
	}
	var targets []telemetry.Target
	for name, s := range servers {
		targets = append(targets, telemetry.Target{Kind: "was", Instance: name, Address: strings.TrimPrefix(s.URL, "https://")})
	}
	if err := engine.Scrape(t.Context(), targets); err != nil {
		t.Fatal(err)
	}
	return engine
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("%s: not within 20 s", what)
}

func TestWhatIsScrapedIsAnsweredAndWatched(t *testing.T) {
	dir := t.TempDir()
	if err := pki.Ensure(dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	server, gauge := process(t, dir)
	engine := leads(t, dir, map[string]*httptest.Server{"was-1": server})
	eventually(t, "scraped", func() bool {
		v, err := engine.Query(t.Context(), `up{job="was",instance="was-1"} == 1`, time.Now())
		return err == nil && len(v) == 1
	})
	told := func(path string) string {
		w := httptest.NewRecorder()
		engine.API().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/"+path, nil))
		return w.Body.String()
	}
	for path, want := range map[string]string{
		"metadata?metric=sunbeon_breaker_open":                        `"sunbeon_breaker_open":[{"type":"gauge"`,
		"labels?match[]=sunbeon_breaker_open&match[]=up":              `"system"`,
		"label/instance/values?match[]=nothing&match[]=up":            `["was-1"]`,
		"label/__name__/values?limit=1":                               `"warnings":["results truncated due to limit"]`,
		"series?match[]=sunbeon_breaker_open&match[]=up&limit=100000": `"__name__":"up"`,
	} {
		if got := told(path); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	if alerts := engine.Alerts(); len(alerts) != 0 {
		t.Errorf("alerts before anything is wrong: %v", alerts)
	}
	gauge.Set(1)
	eventually(t, "alert fires", func() bool {
		alerts := engine.Alerts()
		return len(alerts) == 1 && alerts[0].Labels.Get("alertname") == "BreakerOpen" && alerts[0].State == "firing"
	})
	gauge.Set(0)
	eventually(t, "alert resolves", func() bool { return len(engine.Alerts()) == 0 })
}

// A node that becomes leader must see at the leader's pace, without a restart.
func TestPaceFollowsLeadership(t *testing.T) {
	dir := t.TempDir()
	if err := pki.Ensure(dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	server, _ := process(t, dir)
	engine := start(t, dir)
	targets := []telemetry.Target{{Kind: "was", Instance: "was-1", Address: strings.TrimPrefix(server.URL, "https://")}}
	if err := engine.Scrape(t.Context(), targets); err != nil {
		t.Fatal(err)
	}
	if err := engine.Lead(true); err != nil {
		t.Fatal(err)
	}
	if err := engine.Scrape(t.Context(), targets); err != nil {
		t.Fatal(err)
	}
	eventually(t, "scraped every second", func() bool {
		v, err := engine.Query(t.Context(), `count_over_time(up{job="was"}[4s]) >= 3`, time.Now())
		return err == nil && len(v) == 1
	})
}

func TestAPI(t *testing.T) {
	dir := t.TempDir()
	if err := pki.Ensure(dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	api := start(t, dir).API()
	f := func(path string, parameters map[string]string, status int, contains string) {
		t.Helper()
		form := url.Values{}
		for name, value := range parameters {
			form.Set(name, value)
		}
		w := httptest.NewRecorder()
		api.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/"+path+"?"+form.Encode(), nil))
		if w.Code != status || !strings.Contains(w.Body.String(), contains) {
			t.Errorf("%s %v: %d %s, want %d with %q", path, parameters, w.Code, w.Body, status, contains)
		}
		if !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: not JSON", path)
		}
	}
	f("query", map[string]string{"query": "1+1", "time": "1700000000"}, 200, `"result":[1700000000,"2"],"resultType":"scalar"`)
	f("query", map[string]string{"query": "up"}, 200, `"result":[]`)
	f("query_range", map[string]string{"query": "up", "start": "100", "end": "102", "step": "1s"}, 200, `"result":[]`)
	f("query", map[string]string{"query": "1+"}, 400, `"errorType":"bad_data"`)
	f("query", map[string]string{"query": "up", "time": "soon"}, 400, "RFC 3339")
	f("query_range", map[string]string{"query": "vector(3)", "start": "100", "end": "102", "step": "1s"}, 200, `"matrix"`)
	f("query_range", map[string]string{"query": "vector(3)", "start": "100", "end": "99", "step": "1"}, 400, "before start")
	f("query_range", map[string]string{"query": "vector(3)", "start": "0", "end": "99999999", "step": "1"}, 400, "longer step")
	f("query_range", map[string]string{"query": "vector(3)", "start": "1", "end": "2", "step": "0"}, 400, "millisecond")
	f("query_range", map[string]string{"query": "vector(3)", "start": "1", "end": "2", "step": "0.0001"}, 400, "millisecond")
	f("series", nil, 400, "match[]")
	f("series", map[string]string{"match[]": "up{"}, 400, "bad_data")
	f("series", map[string]string{"match[]": "up"}, 200, `"data":[]`)
	f("series", map[string]string{"match[]": "up", "start": "2", "end": "1"}, 400, "before start")
	f("series", map[string]string{"match[]": "up", "limit": "few"}, 400, "limit")
	f("query", map[string]string{"query": strings.Repeat("(", 20_000) + "1" + strings.Repeat(")", 20_000)}, 400, "bytes")
	f("metadata", nil, 200, `"data":{}`)
	f("query_exemplars", map[string]string{"query": "rate(up[1m])"}, 200, `"data":[]`)
	f("query_exemplars", map[string]string{"query": "1"}, 200, `"data":[]`)
	f("query_exemplars", map[string]string{"query": "up{"}, 400, `"errorType":"bad_data"`)
	f("query_exemplars", map[string]string{"query": "up", "start": "2", "end": "1"}, 400, "before start")
	f("no-such-thing", nil, 404, `"errorType":"not_found"`)
	f("labels", nil, 200, `"data":[]`)
	f("label/job/values", nil, 200, `"data":[]`)
	f("label/not-a-name/values", nil, 400, "invalid label name")
	f("rules", nil, 200, `"name":"BreakerOpen"`)
	f("alerts", nil, 200, `"alerts":[]`)
}

func TestNewRefusesBrokenRules(t *testing.T) {
	_, err := telemetry.New(telemetry.Config{
		Dir: t.TempDir(), Retention: time.Hour, RetentionBytes: 1 << 20,
		Rules:    fstest.MapFS{"bad.yml": {Data: []byte("groups: [{name: a, rules: [{alert: A, expr: 'up =='}]}]")}},
		Registry: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler),
	})
	if err == nil {
		t.Error("no error")
	}
}

// A WAS that froze stays ready in the plan for a while; only the scrapes know.
func TestOnlyWASThatAnswerAreUp(t *testing.T) {
	dir := t.TempDir()
	if err := pki.Ensure(dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	server, _ := process(t, dir)
	gone, _ := process(t, dir)
	engine := leads(t, dir, map[string]*httptest.Server{"was-1": server, "was-2": gone})
	up := func() float64 {
		reading, err := engine.Read(t.Context(), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return reading.Get("was", telemetry.UpWAS)
	}
	eventually(t, "both answer", func() bool { return up() == 2 })
	gone.Close()
	eventually(t, "one answers", func() bool { return up() == 1 })
	server.Close()
	eventually(t, "none answers", func() bool { return up() == 0 })
}

// A pool whose work is not seen passes for one that hangs.
func TestWhatAWASServesIsSeen(t *testing.T) {
	dir := t.TempDir()
	if err := pki.Ensure(dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	o, err := observability.New(observability.Config{Process: "was", Instance: "was-1", LogWriter: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	served := o.Route("GET /v1/eligibility", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	engine := leads(t, dir, map[string]*httptest.Server{"was-1": scraped(t, dir, o.Registry)})
	eventually(t, "requests are seen", func() bool {
		served.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/v1/eligibility", nil))
		reading, err := engine.Read(t.Context(), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return reading.Get("was", telemetry.Throughput) > 0 && reading.Get("was", telemetry.Latency) > 0
	})
}

// From a slow bucket to a request that was in it.
func TestSampledTracesAreFoundBehindSeries(t *testing.T) {
	dir := t.TempDir()
	if err := pki.Ensure(dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	collector := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer collector.Close()
	o, err := observability.New(observability.Config{Process: "was", LogWriter: io.Discard, OTLPEndpoint: collector.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Shutdown(context.Background())
	served := o.Route("GET /v1/eligibility", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	const sampled, unsampled = "0af7651916cd43dd8448eb211c80319c", "1bf7651916cd43dd8448eb211c80319c"
	for trace, flags := range map[string]string{sampled: "01", unsampled: "00"} {
		r := httptest.NewRequest(http.MethodGet, "/v1/eligibility", nil)
		r.Header.Set("Traceparent", "00-"+trace+"-b7ad6b7169203331-"+flags)
		served.ServeHTTP(httptest.NewRecorder(), r)
	}
	engine := leads(t, dir, map[string]*httptest.Server{"was-1": scraped(t, dir, o.Registry)})
	ask := url.Values{"query": {`histogram_quantile(0.99, sum by (le) (rate(http_server_request_duration_seconds_bucket{job="was"}[1m])))`}}
	told := ""
	eventually(t, "the exemplar is told", func() bool {
		w := httptest.NewRecorder()
		engine.API().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/query_exemplars?"+ask.Encode(), nil))
		told = w.Body.String()
		return strings.Contains(told, `"labels":{"trace_id":"`+sampled+`"},"value":"0.`)
	})
	if strings.Contains(told, unsampled) || !strings.Contains(told, `"instance":"was-1"`) {
		t.Errorf("told %s", told)
	}
}
