package bench

import (
	"context"
	"net/http"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/pki"
)

// startReal builds the program and starts three control-plane processes.
func startReal(t *testing.T) *cluster {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and starts real processes")
	}
	dir := t.TempDir()
	binary := filepath.Join(dir, "sunbeon")
	if out, err := exec.Command("go", "build", "-o", binary, "sunbeon").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	certificates := filepath.Join(dir, "pki")
	if err := pki.Ensure(certificates, time.Now()); err != nil {
		t.Fatal(err)
	}
	c, err := newCluster(binary, filepath.Join(dir, "cluster"), certificates)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.stop)
	if err := c.startAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *cluster) signal(t *testing.T, i int, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(c.processes[i].PID(), s); err != nil {
		t.Fatal(err)
	}
}

// A leader that is stopped for a while and then goes on must find that it leads
// no more, and everything it still wants to do must be refused.
func TestStoppedLeaderComesBackAsFollower(t *testing.T) {
	c := startReal(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	stop, err := openLine(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	old, err := c.leader(ctx)
	if err != nil {
		t.Fatal(err)
	}
	c.signal(t, old, syscall.SIGSTOP)
	rate := int64(3_000)
	if err := c.order(ctx, plan.AdmissionConfigure, plan.ConfigureAdmission{RateMilli: &rate}); err != nil {
		t.Fatalf("nobody takes commands while the old leader is stopped: %v", err)
	}
	c.signal(t, old, syscall.SIGCONT)
	if err := c.settled(ctx, old); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	var members opsapi.Members
	if err := c.at[old].Call(ctx, http.MethodGet, "/v1/members?consistency=linearizable", "", nil, &members); err != nil {
		t.Fatal(err)
	}
	if members.Leader == id(old) {
		t.Logf("%s was elected again, which it may be", id(old))
	}
	var document opsapi.Document
	if err := c.at[old].Call(ctx, http.MethodGet, "/v1/plan?consistency=linearizable", "", nil, &document); err != nil {
		t.Fatal(err)
	}
	if document.Admission.RateMilli != rate {
		t.Errorf("the old leader holds the rate %d, want %d", document.Admission.RateMilli, rate)
	}
	if document.Cluster.Term > 0 && document.Cluster.Leader == id(old) && members.Leader != id(old) {
		t.Errorf("the last leader's command is by %s, which does not lead", document.Cluster.Leader)
	}
}

// Every acknowledged change is there after all nodes were killed at once.
func TestAllNodesKilledAtOnce(t *testing.T) {
	c := startReal(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	last := int64(0)
	for n := range int64(50) {
		last = 1_000 + n
		if err := c.order(ctx, plan.AdmissionConfigure, plan.ConfigureAdmission{RateMilli: &last}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range nodes {
		if err := c.kill(i); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.startAll(ctx); err != nil {
		t.Fatal(err)
	}
	var document opsapi.Document
	if err := c.operator.Call(ctx, http.MethodGet, "/v1/plan?consistency=linearizable", "", nil, &document); err != nil {
		t.Fatal(err)
	}
	if document.Admission.RateMilli != last {
		t.Errorf("the plan holds the rate %d, %d was acknowledged", document.Admission.RateMilli, last)
	}
}
