package gate_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sunbeon/controlplane/plan"
	"sunbeon/internal/observability"
	"sunbeon/internal/problem"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/gate"
	"sunbeon/reservation/gate/waspool"
	"sunbeon/reservation/upstream/legacy"
)

// world is a gate with everything around it.
type world struct {
	t       testing.TB
	cluster *cluster
	issuer  *legacy.Issuer
	// identity is the issuer's server; it can be made to fail.
	identity     *httptest.Server
	provider     http.Handler
	identityDown atomic.Bool
	was          *fakeWAS
	dir          string
	config       gate.Config

	gate *gate.Gate
	http *httptest.Server
	stop func()
}

var drawSecret = bytes.Repeat([]byte{7}, credential.SecretSize)

func newWorld(t testing.TB, change ...func(*gate.Config)) *world {
	t.Helper()
	w := &world{t: t, cluster: newCluster(t), dir: t.TempDir()}
	keys := filepath.Join(w.dir, "keys")
	if err := os.Mkdir(keys, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"login.key", "person.key", "pass.key", "log.key"} {
		secret := make([]byte, credential.SecretSize)
		rand.Read(secret)
		write(t, filepath.Join(keys, name), secret)
	}
	write(t, filepath.Join(keys, "draw-drawn.secret"), drawSecret)

	w.identity = httptest.NewServer(http.HandlerFunc(w.serveIdentity))
	t.Cleanup(w.identity.Close)
	w.openIssuer()
	w.was = newFakeWAS(t)
	transport := waspool.Transport(nil, "")
	t.Cleanup(transport.CloseIdleConnections)
	w.config = gate.Config{
		ID: "gate-1", Data: filepath.Join(w.dir, "gate"), Keys: keys, Version: "test",
		URL: "http://gate", PrivateURL: "https://gate", Issuer: w.identity.URL,
		WAS: transport, ControlPlane: w.cluster,
	}
	for _, f := range change {
		f(&w.config)
	}
	if err := os.Mkdir(w.config.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	w.start()
	t.Cleanup(func() { w.stop() })
	return w
}

func write(t testing.TB, path string, secret []byte) {
	t.Helper()
	if err := os.WriteFile(path, []byte(hex.EncodeToString(secret)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// start runs a gate on the world's data directory.
func (w *world) start() {
	w.t.Helper()
	o, err := observability.New(observability.Config{Process: "gate", Instance: "gate-1", LogWriter: io.Discard})
	if err != nil {
		w.t.Fatal(err)
	}
	if testing.Verbose() {
		o.Logger = slog.New(slog.NewTextHandler(w.t.Output(), nil))
	}
	w.config.Observability = o
	if w.gate, err = gate.New(w.config); err != nil {
		w.t.Fatal(err)
	}
	w.http = httptest.NewServer(w.gate.Handler())
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := w.gate.Run(ctx); err != nil {
			w.t.Error(err)
		}
	})
	w.stop = func() {
		w.http.Close()
		cancel()
		running.Wait()
		if err := w.gate.Close(); err != nil {
			w.t.Error(err)
		}
		w.stop = func() {}
	}
	w.eventually("the gate is ready", func() bool { return w.gate.Ready() == nil })
}

// restart stops the gate and starts it again on the same directory.
func (w *world) restart() {
	w.t.Helper()
	w.stop()
	w.start()
}

func (w *world) eventually(what string, holds func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			w.t.Fatalf("never: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// openIssuer makes the simulated issuer, and a second hand on its key with
// which tests write assertions themselves.
func (w *world) openIssuer() {
	w.t.Helper()
	dir := w.t.TempDir()
	fast := legacy.Profile{Capacity: 1e5, ServiceTime: time.Microsecond}
	simulator, err := legacy.New(legacy.Config{
		IssuerURL: w.identity.URL, Dir: dir, Registry: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler),
		Profiles: map[string]legacy.Profile{legacy.Identity: fast, legacy.Eligibility: fast, legacy.Stock: fast},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { simulator.Close() })
	w.provider = simulator.Public(func(_ string, h http.Handler) http.Handler { return h }, http.NotFoundHandler())
	if w.issuer, err = legacy.NewIssuer(w.identity.URL, dir); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) serveIdentity(out http.ResponseWriter, r *http.Request) {
	if w.identityDown.Load() {
		problem.Write(out, http.StatusServiceUnavailable, "down", "")
		return
	}
	w.provider.ServeHTTP(out, r)
}

// define announces a cohort for everybody, approved and in the lobby.
func (w *world) define(id string, change ...func(*plan.Cohort)) {
	w.t.Helper()
	now := time.Now().UnixMilli()
	c := plan.Cohort{
		ID: id, Name: map[string]string{"ko": "모두", "en": "Everybody"}, BirthFrom: "1900-01-01", BirthTo: "2020-12-31",
		LobbyMS: now - 1000, SealMS: now - 500, OpenMS: now, CloseMS: now + 3_600_000, Order: plan.OrderFirstCome,
	}
	for _, f := range change {
		f(&c)
	}
	w.cluster.do(plan.CohortDefine, plan.DefineCohort{Cohort: c})
	w.cluster.do(plan.CohortApprove, plan.ApproveCohort{Cohort: id})
	w.cluster.do(plan.CohortPhase, plan.MovePhase{Cohort: id, Phase: plan.Lobby})
	w.follows(id, plan.Lobby)
}

func drawn(c *plan.Cohort) {
	sum := sha256.Sum256(drawSecret)
	c.Order, c.DrawMode, c.Commitment = plan.OrderDraw, plan.DrawSecret, hex.EncodeToString(sum[:])
}

func (w *world) move(id string, to plan.Phase) {
	w.t.Helper()
	w.cluster.do(plan.CohortPhase, plan.MovePhase{Cohort: id, Phase: to})
	w.follows(id, to)
}

// follows waits until the gate shows the cohort in the phase.
func (w *world) follows(id string, phase plan.Phase) {
	w.t.Helper()
	w.eventually("the gate follows", func() bool {
		var doc struct {
			Phase plan.Phase `json:"phase"`
		}
		w.anyone().get("/v1/serving/"+id, &doc)
		return doc.Phase == phase
	})
}

// call serves the cohort at so many turns a second.
func (w *world) call(id string, perSecond int64) {
	w.t.Helper()
	w.eventually("the gate has reported", func() bool { return len(w.cluster.current().Instances) > 0 })
	rate := perSecond * 1000
	most := max(rate, w.cluster.current().Admission.MaxMilli)
	w.cluster.do(plan.AdmissionConfigure, plan.ConfigureAdmission{RateMilli: &rate, MaxMilli: &most})
	w.cluster.do(plan.SegmentRenew, plan.RenewSegment{Cohort: id, RateMilli: rate})
}

// keepCalling renews the segment like a leader, until the test ends.
func (w *world) keepCalling(id string, perSecond int64) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for ctx.Err() == nil {
			w.call(id, perSecond)
			select {
			case <-ctx.Done():
			case <-time.After(500 * time.Millisecond):
			}
		}
	})
	w.t.Cleanup(func() { cancel(); running.Wait() })
}
