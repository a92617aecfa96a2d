package opsapi_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"sunbeon/controlplane/audit"
	"sunbeon/controlplane/consensus"
	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/observability"
	"sunbeon/internal/pki"
	"sunbeon/internal/problem"
)

const commanderToken = "0123456789abcdef0123456789abcdef"

// world is one real node that leads a cluster of its own, with both sides of
// its API listening.
type world struct {
	t       testing.TB
	node    *consensus.Node
	ops     *httptest.Server
	private *httptest.Server
	pki     string
}

func newWorld(t testing.TB, change ...func(*opsapi.Config)) *world {
	t.Helper()
	if test, ok := t.(*testing.T); ok {
		test.Parallel()
	}
	dir := t.TempDir()
	commands, access := journal(t, dir, "commands"), journal(t, dir, "access")
	address, transport := raft.NewInmemTransport("")
	node, err := consensus.Open(consensus.Config{
		ID:        "node-1",
		Dir:       filepath.Join(dir, "node-1"),
		Transport: transport,
		Peers:     []consensus.Peer{{ID: "node-1", Address: string(address), PrivateURL: "https://node-1"}},
		Bootstrap: true,
		Journal:   commands,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close() })

	tokens := filepath.Join(dir, "operator.token")
	if err := os.WriteFile(tokens, []byte(commanderToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := observability.New(observability.Config{Process: "controlplane", Instance: "node-1", LogWriter: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	closing := make(chan struct{})
	config := opsapi.Config{
		Node: node, TokenFile: tokens, Version: "test", Observability: o, Closing: closing,
		Commands: commands, Access: access,
	}
	for _, f := range change {
		f(&config)
	}
	api, err := opsapi.New(config)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, node: node, pki: filepath.Join(dir, "pki")}
	if err := pki.Ensure(w.pki, time.Now()); err != nil {
		t.Fatal(err)
	}
	opsMux, privateMux := http.NewServeMux(), http.NewServeMux()
	api.MountOps(opsMux)
	api.MountPrivate(privateMux)
	opsMux.Handle("GET /guarded", api.RequireOperator(plan.Viewer, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, opsapi.OperatorOf(r.Context()).Name)
	})))
	w.ops = httptest.NewServer(opsMux)
	w.private = httptest.NewUnstartedServer(privateMux)
	w.private.TLS = w.identity("controlplane").ServerTLS()
	w.private.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	w.private.StartTLS()
	t.Cleanup(func() { close(closing); w.ops.Close(); w.private.Close() })

	w.lead()
	return w
}

func journal(t testing.TB, dir, name string) *audit.Journal {
	t.Helper()
	j, err := audit.Open(filepath.Join(dir, "audit"), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

// lead waits until the node leads: a command then succeeds.
func (w *world) lead() {
	w.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if _, leading := w.node.Term(); leading && w.node.LeaderContact() == 0 {
			if _, err := w.node.Read(context.Background(), consensus.Linearizable); err == nil {
				return
			}
		}
	}
	w.t.Fatal("the node does not lead after 20 s")
}

func (w *world) identity(role string) *pki.Identity {
	w.t.Helper()
	identity, err := pki.Load(w.pki, role)
	if err != nil {
		w.t.Fatal(err)
	}
	return identity
}

// operator adds an operator of the given role and returns a token for it.
func (w *world) operator(role plan.Role) string {
	w.t.Helper()
	token := strings.Repeat(string(role), 8)
	hash := sha256.Sum256([]byte(token))
	w.submit(plan.OperatorSet, plan.SetOperator{Name: "the-" + string(role), Role: role, TokenHash: hex.EncodeToString(hash[:])})
	return token
}

func (w *world) submit(kind plan.Kind, body any) {
	w.t.Helper()
	c, err := plan.NewCommand(kind, body)
	if err != nil {
		w.t.Fatal(err)
	}
	c.Actor, c.Reason = "test", "the test needs it"
	result, err := w.node.Submit(context.Background(), c)
	if err != nil || !result.OK {
		w.t.Fatalf("submit %s: %+v, %v", kind, result, err)
	}
}

// call asks the ops side and decodes the answer into out, unless nil.
func (w *world) call(token, method, path string, in, out any) *http.Response {
	w.t.Helper()
	var body io.Reader
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			w.t.Fatal(err)
		}
		body = bytes.NewReader(encoded)
	}
	req, err := http.NewRequest(method, w.ops.URL+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			w.t.Fatalf("%s %s: %v in %s", method, path, err, answer)
		}
	}
	return resp
}

func cohort(id string) plan.Cohort {
	hour := time.Now().Add(time.Hour)
	return plan.Cohort{
		ID: id, Name: map[string]string{"ko": "오늘", "en": "Tonight"},
		BirthFrom: "1980-01-01", BirthTo: "1999-12-31",
		LobbyMS: hour.UnixMilli(), SealMS: hour.Add(50 * time.Minute).UnixMilli(),
		OpenMS: hour.Add(time.Hour).UnixMilli(), CloseMS: hour.Add(22 * time.Hour).UnixMilli(),
		Order: plan.OrderFirstCome, Weight: 1,
	}
}

// problemIn reads a problem document; its code is empty where it is none.
func problemIn(answer []byte) (p problem.Problem) {
	_ = json.Unmarshal(answer, &p)
	return p
}
