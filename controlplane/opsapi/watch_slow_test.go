package opsapi_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"sunbeon/controlplane/opsapi/stream"
	"sunbeon/controlplane/plan"
)

// flood changes more than a node keeps for those who come back.
func (w *world) flood() {
	w.t.Helper()
	state := []byte(`"` + strings.Repeat("x", plan.MaxState-2) + `"`)
	term, _ := w.node.Term()
	for n := range 100 {
		c, err := plan.NewCommand(plan.ControllerKeep, plan.KeepState{Controller: fmt.Sprintf("c%d", n%4), State: state})
		if err != nil {
			w.t.Fatal(err)
		}
		c.Term, c.Actor = term, "node-1"
		if result, err := w.node.Submit(w.t.Context(), c); err != nil || !result.OK {
			w.t.Fatalf("%+v, %v", result, err)
		}
	}
}

// Whoever comes back too late is told so, and then everything.
func TestCompactedFollowerGetsASnapshot(t *testing.T) {
	w := newWorld(t)
	w.submit(plan.HoldSet, plan.SetHold{Scope: plan.All})
	w.flood()
	r := w.watch(t.Context(), "", "1")
	compacted := read(t, r, stream.Compacted)
	whole := read(t, r, stream.Snapshot)
	if whole.Index < compacted.Index {
		t.Errorf("a snapshot of %d after compaction at %d", whole.Index, compacted.Index)
	}
	got, err := plan.New().With(whole.Index, whole.Changes...)
	if err != nil {
		t.Fatal(err)
	}
	now, _ := w.node.Plan()
	if _, held := got.Holds[plan.All]; !held || len(got.Controllers) != len(now.Controllers) {
		t.Errorf("the snapshot holds %d controllers' states, the plan %d", len(got.Controllers), len(now.Controllers))
	}
}

// A follower that does not read is cut off; nobody waits for it, and the node
// keeps nothing for it.
func TestFollowerThatDoesNotReadIsCutOff(t *testing.T) {
	w := newWorld(t)
	connection, err := net.Dial("tcp", w.ops.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if err := connection.(*net.TCPConn).SetReadBuffer(256 << 10); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(connection, "GET /v1/watch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", commanderToken)
	time.Sleep(200 * time.Millisecond) // it is followed from now on
	w.flood()
	w.flood()
	// Others are told meanwhile.
	quick := w.watch(t.Context(), "?topics=holds", "")
	read(t, quick, stream.Snapshot)
	w.submit(plan.HoldSet, plan.SetHold{Scope: plan.All})
	read(t, quick, stream.Change)

	time.Sleep(7 * time.Second) // longer than one message may take
	connection.SetReadDeadline(time.Now().Add(20 * time.Second))
	rest, err := io.ReadAll(connection)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after %d bytes the stream still stands", len(rest))
	}
	if !bytes.Contains(rest, []byte("event: snapshot")) {
		t.Errorf("the stream began with %.300q", rest)
	}
}
