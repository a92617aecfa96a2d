package consensus_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sunbeon/controlplane/consensus"
	"sunbeon/internal/pki"
)

// member is one node with real sockets, certificates and files.
type member struct {
	node    *consensus.Node
	private *httptest.Server
	address string
	dir     string
	handler atomic.Pointer[http.Handler]
}

func (m *member) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	handler := m.handler.Load()
	if handler == nil { // those that open first look for those that come
		http.Error(w, "not open yet", http.StatusServiceUnavailable)
		return
	}
	(*handler).ServeHTTP(w, r)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (m *member) open(t *testing.T, identity *pki.Identity, peers []consensus.Peer, id string) {
	t.Helper()
	transport, err := consensus.ListenTLS(m.address, identity, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: identity.ClientTLS()}}
	t.Cleanup(client.CloseIdleConnections)
	m.node, err = consensus.Open(consensus.Config{
		ID: id, Dir: m.dir, Transport: transport, Peers: peers, Bootstrap: true,
		Leader: &consensus.HTTPLeader{Client: client},
	})
	if err != nil {
		t.Fatal(err)
	}
	handler := pki.RequireRole(m.node.Handler(), "controlplane")
	m.handler.Store(&handler)
}

func TestThreeNodesOverTLS(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for elections in real time")
	}
	dir := t.TempDir()
	if err := pki.Ensure(dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	identity, err := pki.Load(dir, "controlplane")
	if err != nil {
		t.Fatal(err)
	}
	members := map[string]*member{}
	var peers []consensus.Peer
	for _, id := range []string{"a", "b", "c"} {
		m := &member{address: freeAddress(t), dir: filepath.Join(dir, id)}
		m.private = httptest.NewUnstartedServer(m)
		m.private.TLS = identity.ServerTLS()
		m.private.StartTLS()
		t.Cleanup(m.private.Close)
		members[id] = m
		peers = append(peers, consensus.Peer{ID: id, Address: m.address, PrivateURL: m.private.URL})
	}
	for id, m := range members {
		m.open(t, identity, peers, id)
		t.Cleanup(func() {
			if err := m.node.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	leader := awaitLeader(t, members, "")
	var follower *member
	for id, m := range members {
		if id != leader {
			follower = m
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if result, err := follower.node.Submit(ctx, tau(t, 5)); err != nil || !result.OK {
		t.Fatalf("through a follower: %+v, %v", result, err)
	}
	if p, err := follower.node.Read(ctx, consensus.Linearizable); err != nil || p.Admission.TauMS != 5 {
		t.Fatalf("read through a follower: %v", err)
	}

	t.Run("a gate's certificate does not speak raft", func(t *testing.T) {
		gate, err := pki.Load(dir, "gate")
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: gate.ClientTLS()}}
		defer client.CloseIdleConnections()
		_, err = (&consensus.HTTPLeader{Client: client}).Propose(ctx, members[leader].private.URL, tau(t, 6))
		if err == nil || !strings.Contains(err.Error(), "403") && !strings.Contains(err.Error(), "role_not_allowed") {
			t.Errorf("forwarding as a gate: %v", err)
		}
	})
	t.Run("two nodes on one directory", func(t *testing.T) {
		transport, err := consensus.ListenTLS(freeAddress(t), identity, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		_, err = consensus.Open(consensus.Config{ID: leader, Dir: members[leader].dir, Transport: transport})
		if !errors.Is(err, consensus.ErrInUse) {
			t.Errorf("got %v", err)
		}
	})

	old := members[leader]
	began := time.Now()
	if err := old.node.Close(); err != nil {
		t.Fatal(err)
	}
	successor := awaitLeader(t, members, leader)
	t.Logf("failover took %v", time.Since(began).Round(10*time.Millisecond))
	if result, err := members[successor].node.Submit(ctx, tau(t, 7)); err != nil || !result.OK {
		t.Fatalf("%+v, %v", result, err)
	}
	old.open(t, identity, peers, leader)
	for {
		if p, _ := old.node.Plan(); p.Admission.TauMS == 7 {
			break
		}
		if ctx.Err() != nil {
			t.Fatal("the old leader does not catch up")
		}
		time.Sleep(20 * time.Millisecond)
	}
	if got := old.node.Members(); len(got) != 3 || got[0].PrivateURL == "" || !got[0].Voter {
		t.Errorf("members %+v", got)
	}
}

func awaitLeader(t *testing.T, members map[string]*member, except string) string {
	t.Helper()
	for range 300 {
		for id, m := range members {
			if id == except {
				continue
			}
			if _, err := m.node.Read(t.Context(), consensus.AtLeader); err == nil {
				return id
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("no leader in six seconds")
	return ""
}
