package dashboards_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sunbeon/alerts"
	"sunbeon/controlplane/telemetry"
	"sunbeon/internal/pki"
)

// evening is a short opening as `sunbeon up` runs it, recorded by the engine
// that a control-plane node would record it with.
type evening struct {
	engine *telemetry.Engine
	began  time.Time
	output *bytes.Buffer
	gone   <-chan struct{}
}

// build makes the binary of the source as it stands.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "sunbeon")
	if out, err := exec.Command("go", "build", "-o", binary, "..").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// portsOfAnEvening is how many ports in a row `up` uses.
const portsOfAnEvening = 40

// freePorts finds a base whose ports are all free at the moment, below those the
// kernel lends to connections.
func freePorts(t *testing.T) int {
	t.Helper()
next:
	for base := 20_000 + os.Getpid()%200*60; base < 32_000; base += portsOfAnEvening {
		for port := base; port < base+portsOfAnEvening; port++ {
			listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
			if err != nil {
				continue next
			}
			listener.Close()
		}
		return base
	}
	t.Fatal("no forty free ports in a row")
	return 0
}

// targets are the processes of an evening by the offset of their private port.
var targets = map[int]telemetry.Target{
	1:  {Kind: "gate", Instance: "gate-1"},
	3:  {Kind: "legacy", Instance: "legacy-1"},
	4:  {Kind: "agent", Instance: "agent-1"},
	8:  {Kind: "controlplane", Instance: "controlplane-1"},
	9:  {Kind: "controlplane", Instance: "controlplane-2"},
	10: {Kind: "controlplane", Instance: "controlplane-3"},
	14: {Kind: "was", Instance: "was-1"},
	15: {Kind: "was", Instance: "was-2"},
}

// hold starts an evening and records it until the test ends.
func hold(t *testing.T) *evening {
	t.Helper()
	binary, data, base := build(t), filepath.Join(t.TempDir(), "data"), freePorts(t)
	loki := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	t.Cleanup(loki.Close)

	// The recorder needs the certificates before the processes are there.
	certificates := filepath.Join(data, "pki")
	e := &evening{output: &bytes.Buffer{}, began: time.Now()}
	up := exec.Command(binary, "up", "--headless", "--data", data, "--port-base", strconv.Itoa(base),
		"--people", "300", "--open-in", "4s", "--for", "2m", "--loki-url", loki.URL)
	up.Stdout, up.Stderr = e.output, e.output
	if err := up.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() { up.Wait(); close(gone) }()
	e.gone = gone
	t.Cleanup(func() {
		up.Process.Signal(syscall.SIGTERM)
		select {
		case <-gone:
		case <-time.After(20 * time.Second):
			up.Process.Kill()
			<-gone
		}
	})
	e.until(t, "certificates", time.Minute, func() bool {
		_, err := pki.Load(certificates, "controlplane")
		return err == nil
	})
	e.record(t, certificates, base)
	return e
}

func (e *evening) record(t *testing.T, certificates string, base int) {
	t.Helper()
	engine, err := telemetry.New(telemetry.Config{
		Dir: t.TempDir(), Rules: alerts.Files,
		Certificates: telemetry.Certificates{
			Authority:   filepath.Join(certificates, "ca.pem"),
			Certificate: filepath.Join(certificates, "controlplane.pem"),
			Key:         filepath.Join(certificates, "controlplane.key"),
			ServerName:  pki.ServerName,
		},
		Retention: time.Hour, RetentionBytes: 256 << 20,
		Registry: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- engine.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	if err := engine.Lead(true); err != nil {
		t.Fatal(err)
	}
	var scraped []telemetry.Target
	for offset, target := range targets {
		target.Address = net.JoinHostPort("127.0.0.1", strconv.Itoa(base+offset))
		scraped = append(scraped, target)
	}
	if err := engine.Scrape(t.Context(), scraped); err != nil {
		t.Fatal(err)
	}
	e.engine = engine
}

// until waits for what the evening must come to.
func (e *evening) until(t *testing.T, what string, limit time.Duration, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !holds(); time.Sleep(200 * time.Millisecond) {
		select {
		case <-e.gone: // its output is complete, and ours to read
			t.Fatalf("the evening ended before %s:\n%s", what, e.output)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("no %s within %v", what, limit)
		}
	}
	t.Logf("%s after %v", what, time.Since(e.began).Round(100*time.Millisecond))
}

// atLeast tells whether the recording has reached a value.
func (e *evening) atLeast(query string, value float64) bool {
	vector, err := e.engine.Query(context.Background(), fmt.Sprintf("(%s) >= %g", query, value), time.Now())
	return err == nil && len(vector) > 0
}
