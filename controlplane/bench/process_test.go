package bench

import (
	"net/http"
	"syscall"
	"testing"
	"time"

	"sunbeon/controlplane/opsapi"
)

// A leader that is stopped for a while and then goes on must find that it leads
// no more, and everything it still wants to do must be refused.
func TestStoppedLeaderComesBackAsFollower(t *testing.T) {
	r := startReal(t)
	stop, err := openLine(r.ctx, r.cluster)
	r.must(err)
	defer stop()
	old := r.lead()
	r.signal(old, syscall.SIGSTOP)
	const rate = 3_000
	if err := r.setRate(rate); err != nil {
		t.Fatalf("nobody takes commands while the old leader is stopped: %v", err)
	}
	// What it is asked while it is stopped it answers before it can have heard
	// of its successor.
	asked := make(chan int64, 1)
	go func() {
		var document opsapi.Document
		if err := r.at[old].Call(r.ctx, http.MethodGet, "/v1/plan?consistency=linearizable", "", nil, &document); err != nil {
			t.Errorf("asked while it was stopped: %v", err)
		}
		asked <- document.Admission.RateMilli
	}()
	time.Sleep(300 * time.Millisecond)
	r.signal(old, syscall.SIGCONT)
	if got := <-asked; got != rate {
		t.Errorf("asked while it was stopped, the old leader holds the rate %d, want %d", got, rate)
	}
	time.Sleep(2 * time.Second)
	var members opsapi.Members
	r.must(r.at[old].Call(r.ctx, http.MethodGet, "/v1/members?consistency=linearizable", "", nil, &members))
	if members.Leader == id(old) {
		t.Logf("%s was elected again, which it may be", id(old))
	}
	var document opsapi.Document
	r.must(r.at[old].Call(r.ctx, http.MethodGet, "/v1/plan?consistency=linearizable", "", nil, &document))
	if document.Cluster.Term > 0 && document.Cluster.Leader == id(old) && members.Leader != id(old) {
		t.Errorf("the last leader's command is by %s, which does not lead", document.Cluster.Leader)
	}
	r.holdEverywhere(rate)
}

// Every acknowledged change is there after all nodes were killed at once.
func TestAllNodesKilledAtOnce(t *testing.T) {
	r := startReal(t)
	last := int64(0)
	for n := range int64(50) {
		last = 1_000 + n
		r.must(r.setRate(last))
	}
	for i := range nodes {
		r.must(r.kill(i))
	}
	r.must(r.startAll(r.ctx))
	r.holdEverywhere(last)
}
