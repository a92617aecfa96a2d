package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/opsapi/stream"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/problem"
)

// replicas is a change that sets the desired number of WAS to n.
func replicas(n int) plan.Change {
	value, _ := json.Marshal(plan.Replicas{Revision: plan.Revision{Index: uint64(n)}, Desired: n, Min: 1, Max: 26, Mode: plan.Auto})
	return plan.Change{Topic: plan.TopicReplicas, Value: value}
}

func snapshot(index uint64, n int) stream.Message {
	return stream.Message{Kind: stream.Snapshot, Index: index, Changes: []plan.Change{replicas(n)}}
}

func change(index uint64, n int) stream.Message {
	return stream.Message{Kind: stream.Change, Index: index, Changes: []plan.Change{replicas(n)}}
}

func newClient(t *testing.T, config client.Config) *client.Client {
	t.Helper()
	if config.Token == "" {
		config.Token = "secret"
	}
	c, err := client.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// follow starts a watch and returns its views; the watch ends with the test.
func follow(t *testing.T, c *client.Client) <-chan client.View {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	views, done := make(chan client.View, 64), make(chan struct{})
	go func() {
		defer close(done)
		if err := c.Watch(ctx, func(v client.View) { views <- v }); !errors.Is(err, context.Canceled) {
			t.Errorf("Watch = %v, want the context's error", err)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return views
}

func next[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(10 * time.Second):
		t.Fatal("nothing came within 10 s")
		panic("unreachable")
	}
}

func wantView(t *testing.T, v client.View, index uint64, desired int) {
	t.Helper()
	if v.Index != index || v.Plan.Replicas.Desired != desired {
		t.Errorf("view at %d with %d WAS, want at %d with %d", v.Index, v.Plan.Replicas.Desired, index, desired)
	}
}

func TestWatchFollowsAndResumes(t *testing.T) {
	n := newNode(t)
	views := follow(t, newClient(t, client.Config{Addresses: []string{n.URL}, Topics: []plan.Topic{plan.TopicReplicas}}))

	w := next(t, n.watches)
	if w.lastEventID != "" || w.topics != "replicas" || w.authorized != "Bearer secret" {
		t.Errorf("first watch sent Last-Event-ID %q, topics %q, Authorization %q", w.lastEventID, w.topics, w.authorized)
	}
	w.send(snapshot(5, 2), change(7, 3))
	wantView(t, next(t, views), 5, 2)
	wantView(t, next(t, views), 7, 3)
	w.send(stream.Message{Kind: stream.Bookmark, Index: 9, LeaderAge: 70 * time.Millisecond})
	v := next(t, views)
	wantView(t, v, 9, 3)
	if v.LeaderAge != 70*time.Millisecond || v.FromCache || v.Address != n.URL {
		t.Errorf("view = %+v", v)
	}
	w.close()

	w = next(t, n.watches)
	if w.lastEventID != "9" {
		t.Errorf("resumed with Last-Event-ID %q, want 9", w.lastEventID)
	}
	w.send(change(11, 4))
	wantView(t, next(t, views), 11, 4)
}

func TestWatchNeverGoesBack(t *testing.T) {
	n := newNode(t)
	views := follow(t, newClient(t, client.Config{Addresses: []string{n.URL}}))
	w := next(t, n.watches)
	w.send(snapshot(50, 5))
	wantView(t, next(t, views), 50, 5)
	w.close()

	// The next node lags and no longer holds what came after 50.
	w = next(t, n.watches)
	w.send(
		stream.Message{Kind: stream.Compacted, Index: 40},
		snapshot(40, 4), change(45, 9), change(50, 5), change(51, 6))
	for range 3 {
		wantView(t, next(t, views), 50, 5)
	}
	wantView(t, next(t, views), 51, 6)
}

func TestWatchTakesSnapshotAfterCompaction(t *testing.T) {
	n := newNode(t)
	views := follow(t, newClient(t, client.Config{Addresses: []string{n.URL}}))
	w := next(t, n.watches)
	w.send(snapshot(5, 2))
	wantView(t, next(t, views), 5, 2)
	w.close()

	w = next(t, n.watches)
	w.send(stream.Message{Kind: stream.Compacted, Index: 900}, snapshot(900, 7))
	wantView(t, next(t, views), 900, 7)
}

func TestWatchLeavesDeadAndCutOffNodes(t *testing.T) {
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	cutOff, good := newNode(t), newNode(t)
	views := follow(t, newClient(t, client.Config{Addresses: []string{dead.URL, cutOff.URL, good.URL}}))

	// Whichever it tries first, it ends up at the good node.
	go func() {
		for w := range cutOff.watches {
			w.send(stream.Message{Kind: stream.Snapshot, Index: 3, LeaderAge: time.Minute})
		}
	}()
	defer close(cutOff.watches)
	w := next(t, good.watches)
	w.send(snapshot(5, 2))
	if v := next(t, views); v.Address != good.URL {
		t.Errorf("first view from %s, want the node in touch with its leader", v.Address)
	}
}

func TestWatchStaysWithCutOffNodeWhenAllAre(t *testing.T) {
	a, b := newNode(t), newNode(t)
	for _, n := range []*node{a, b} {
		go func() {
			for w := range n.watches {
				w.send(stream.Message{Kind: stream.Snapshot, Index: 3, LeaderAge: time.Minute, Changes: []plan.Change{replicas(2)}})
			}
		}()
		defer close(n.watches)
	}
	v := next(t, follow(t, newClient(t, client.Config{Addresses: []string{a.URL, b.URL}})))
	wantView(t, v, 3, 2)
	if v.LeaderAge != time.Minute {
		t.Errorf("leader age %v, want it told as it is", v.LeaderAge)
	}
}

func TestWatchStartsFromCache(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "plan.json")
	n := newNode(t)
	config := client.Config{Addresses: []string{n.URL}, CacheFile: cache}

	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	views := make(chan client.View, 8)
	first := newClient(t, config)
	go func() { first.Watch(ctx, func(v client.View) { views <- v }); close(ended) }()
	w := next(t, n.watches)
	w.send(snapshot(5, 2))
	next(t, views)
	w.send(change(6, 3))
	next(t, views)
	cancel()
	<-ended // writes what was not written yet
	n.Close()

	v := next(t, follow(t, newClient(t, config)))
	wantView(t, v, 6, 3)
	if !v.FromCache {
		t.Error("the view does not say that it comes from the cache")
	}
	if left, _ := filepath.Glob(cache + ".*"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestWatchIgnoresDamagedCache(t *testing.T) {
	for _, damage := range []string{"", "{", "{}", `{"index":4,"changes":[{"topic":"replicas","value":"no"}]}`} {
		cache := filepath.Join(t.TempDir(), "plan.json")
		if err := os.WriteFile(cache, []byte(damage), 0o600); err != nil {
			t.Fatal(err)
		}
		n := newNode(t)
		dead := httptest.NewServer(http.NotFoundHandler())
		dead.Close()
		views := follow(t, newClient(t, client.Config{Addresses: []string{dead.URL, n.URL}, CacheFile: cache}))
		next(t, n.watches).send(snapshot(5, 2))
		if v := next(t, views); v.FromCache || v.Index != 5 {
			t.Errorf("cache %q: first view %+v", damage, v)
		}
	}
}

// A cluster that restarts tells nothing newer than its last snapshot before a
// leader is elected; the cached plan knows more and must win until then.
func TestWatchPrefersCacheToLeaderlessNode(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "plan.json")
	saved, _ := json.Marshal(map[string]any{"index": 20, "saved_ms": time.Now().UnixMilli(), "changes": []plan.Change{replicas(6)}})
	if err := os.WriteFile(cache, saved, 0o600); err != nil {
		t.Fatal(err)
	}
	n := newNode(t)
	views := follow(t, newClient(t, client.Config{Addresses: []string{n.URL}, CacheFile: cache}))
	w := next(t, n.watches)
	w.send(stream.Message{Kind: stream.Snapshot, Index: 4, LeaderAge: time.Hour, Changes: []plan.Change{replicas(1)}})
	v := next(t, views)
	wantView(t, v, 20, 6)
	if !v.FromCache {
		t.Error("the node's older plan was taken for a newer one")
	}
	w.send(stream.Message{Kind: stream.Change, Index: 21, Changes: []plan.Change{replicas(7)}})
	w = next(t, n.watches) // asks for a snapshot, having none to add changes to
	if w.lastEventID != "" {
		t.Errorf("Last-Event-ID %q after a start from the cache, want none", w.lastEventID)
	}
	w.send(snapshot(21, 7))
	wantView(t, next(t, views), 21, 7)
}

func TestWatchEndsWhenRefused(t *testing.T) {
	server := httptest.NewServer(refuse(http.StatusUnauthorized, "unauthenticated"))
	defer server.Close()
	err := newClient(t, client.Config{Addresses: []string{server.URL}}).Watch(t.Context(), func(client.View) {})
	var refused *problem.Problem
	if !errors.As(err, &refused) || refused.Code != "unauthenticated" {
		t.Errorf("Watch = %v, want the refusal", err)
	}
}
