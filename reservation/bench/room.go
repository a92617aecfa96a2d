package bench

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"sunbeon/controlplane/plan"
	"sunbeon/internal/httpserver"
	"sunbeon/internal/observability"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/gate"
	"sunbeon/reservation/gate/waspool"
)

// cohortID is the one line.
const cohortID = "bench"

var drawSecret = []byte("the secret of the measured draw.")

// cohort is in its lobby, for everybody, with its hours open to be moved by
// hand.
func cohort(now time.Time) plan.Cohort {
	commitment := sha256.Sum256(drawSecret)
	nowMS := now.UnixMilli()
	return plan.Cohort{
		ID: cohortID, BirthFrom: "1900-01-01", BirthTo: "2020-12-31",
		Order: plan.OrderDraw, DrawMode: plan.DrawSecret, Commitment: hex.EncodeToString(commitment[:]),
		LobbyMS: nowMS - 2000, SealMS: nowMS - 1000, OpenMS: nowMS, CloseMS: nowMS + 86_400_000,
	}
}

func keysDir(dir string) string { return filepath.Join(dir, "keys") }

// makeKeys writes the secrets of a gate and returns the key of its record.
func makeKeys(dir string) (ed25519.PrivateKey, error) {
	for _, path := range []string{keysDir(dir), recordDir(dir)} {
		if err := os.MkdirAll(path, 0o700); err != nil {
			return nil, err
		}
	}
	for _, name := range []string{"login.key", "person.key", "pass.key", "log.key"} {
		secret := make([]byte, credential.SecretSize)
		rand.Read(secret) // never fails
		if err := writeSecret(dir, name, secret); err != nil {
			return nil, err
		}
	}
	if err := writeSecret(dir, "draw-"+cohortID+".secret", drawSecret); err != nil {
		return nil, err
	}
	return credential.LoadSigningKey(keysDir(dir), "log.key")
}

func writeSecret(dir, name string, secret []byte) error {
	return os.WriteFile(filepath.Join(keysDir(dir), name), []byte(hex.EncodeToString(secret)), 0o600)
}

// room is a gate being served, with a control plane of one variable.
type room struct {
	cluster       *cluster
	observability *observability.Observability
	gate          *gate.Gate
	address       string
	stop          context.CancelFunc
	running       *errgroup.Group
}

// restart starts a gate on the filled record, which it replays, and waits
// until it would serve citizens.
func (m *measurement) restart(ctx context.Context) error {
	m.say("starting a gate on it")
	began := time.Now()
	r := &room{cluster: newCluster()}
	c := cohort(began)
	if err := errors.Join(
		r.cluster.do(plan.CohortDefine, plan.DefineCohort{Cohort: c}),
		r.cluster.do(plan.CohortApprove, plan.ApproveCohort{Cohort: cohortID}),
		r.cluster.do(plan.CohortPhase, plan.MovePhase{Cohort: cohortID, Phase: plan.Lobby}),
	); err != nil {
		return err
	}
	var err error
	r.observability, err = observability.New(observability.Config{Process: "gate", Instance: "gate-1", LogWriter: io.Discard})
	if err != nil {
		return err
	}
	r.gate, err = gate.New(gate.Config{
		ID: "gate-1", Data: filepath.Join(m.Dir, "gate"), Keys: keysDir(m.Dir), Version: "bench",
		URL: "http://gate", PrivateURL: "https://gate", Issuer: "http://issuer",
		WAS: waspool.Transport(nil, ""), ControlPlane: r.cluster, Observability: r.observability,
	})
	if err != nil {
		return err
	}
	m.room = r
	if err := r.serve(ctx); err != nil {
		return err
	}
	for r.gate.Ready() != nil {
		time.Sleep(time.Millisecond)
	}
	m.report.RestartS = time.Since(began).Seconds()
	m.say("ready after %.2f s", m.report.RestartS)
	return nil
}

func (r *room) serve(ctx context.Context) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	r.address = listener.Addr().String()
	ctx, r.stop = context.WithCancel(ctx)
	r.running, ctx = errgroup.WithContext(ctx)
	r.running.Go(func() error { return r.gate.Run(ctx) })
	r.running.Go(func() error {
		return httpserver.Run(ctx, r.observability.Logger,
			httpserver.Server{Name: "gate", Listener: listener, Handler: r.gate.Handler()})
	})
	return nil
}

func (r *room) close() error {
	if r.stop == nil {
		return r.gate.Close()
	}
	r.stop()
	return errors.Join(r.running.Wait(), r.gate.Close())
}

// bare serves a handler that does nothing but answer so many bytes.
func bare(status int, header http.Header, body []byte) (address string, stop func(), err error) {
	return serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		maps.Copy(h, header)
		w.WriteHeader(status)
		w.Write(body)
	}))
}

func serve(h http.Handler) (address string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: h}
	go server.Serve(listener)
	return listener.Addr().String(), func() { server.Close() }, nil
}
