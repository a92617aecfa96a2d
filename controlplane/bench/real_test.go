package bench

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/pki"
	"sunbeon/internal/supervise"
)

// The process tests do to real processes what befalls machines. They build the
// program once, into a directory that is removed after the last of them.
var programDir = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "sunbeon-program-") })

var program = sync.OnceValues(func() (string, error) { return build("sunbeon") })

// build makes the program under a name, with the tags of another release.
func build(name string, tags ...string) (string, error) {
	dir, err := programDir()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, name)
	if out, err := exec.Command("go", "build", "-tags", strings.Join(tags, ","), "-o", binary, "sunbeon").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return binary, nil
}

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := programDir(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// real is a cluster of processes under test.
type real struct {
	*cluster
	t   *testing.T
	ctx context.Context
}

// prepare makes the directory and certificates of three nodes and starts none.
func prepare(t *testing.T) *real {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and starts real processes")
	}
	binary, err := program()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certificates := filepath.Join(dir, "pki")
	if err := pki.Ensure(certificates, time.Now()); err != nil {
		t.Fatal(err)
	}
	c, err := newCluster(binary, filepath.Join(dir, "cluster"), certificates)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	r := &real{c, t, ctx}
	t.Cleanup(func() {
		r.stop()
		cancel()
		if t.Failed() {
			for i := range nodes {
				t.Logf("the end of the log of %s:\n%s", id(i), tail(r.log(i), 15))
			}
		}
	})
	return r
}

func startReal(t *testing.T) *real {
	t.Helper()
	r := prepare(t)
	r.must(r.startAll(r.ctx))
	return r
}

func (r *real) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *real) signal(i int, s syscall.Signal) {
	r.t.Helper()
	r.must(syscall.Kill(r.processes[i].PID(), s))
}

// lead waits for a leader.
func (r *real) lead() int {
	r.t.Helper()
	i, err := r.leader(r.ctx)
	r.must(err)
	return i
}

func (r *real) log(i int) string {
	content, _ := os.ReadFile(filepath.Join(r.dir, id(i)+".log")) // no log, no word
	return string(content)
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// says waits until the log of a node holds a text.
func (r *real) says(i int, text string) {
	r.t.Helper()
	r.eventually(fmt.Sprintf("%s says %q", id(i), text), func() bool { return strings.Contains(r.log(i), text) })
}

func (r *real) eventually(what string, holds func() bool) {
	r.t.Helper()
	for end := time.Now().Add(40 * time.Second); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("not within 40 s: %s", what)
		}
	}
}

// ends waits until a node's process is gone.
func (r *real) ends(i int) {
	r.t.Helper()
	r.eventually(id(i)+" ends", func() bool {
		select {
		case <-r.processes[i].Done():
			return true
		default:
			return false
		}
	})
}

// setRate writes the admission rate, and rateAt reads it, linearizably, at a node.
func (r *real) setRate(rate int64) error {
	return r.order(r.ctx, plan.AdmissionConfigure, plan.ConfigureAdmission{RateMilli: &rate})
}

func (r *real) rateAt(i int) int64 {
	r.t.Helper()
	var document opsapi.Document
	r.must(r.at[i].Call(r.ctx, http.MethodGet, "/v1/plan?consistency=linearizable", "", nil, &document))
	return document.Admission.RateMilli
}

// holdEverywhere compares what was acknowledged last with every node.
func (r *real) holdEverywhere(rate int64) {
	r.t.Helper()
	for i := range nodes {
		r.must(r.settled(r.ctx, i))
		if got := r.rateAt(i); got != rate {
			r.t.Errorf("%s holds the rate %d, %d was acknowledged", id(i), got, rate)
		}
	}
}

// run starts a node by another specification than its own.
func (r *real) run(i int, spec supervise.Spec) {
	r.t.Helper()
	process, err := supervise.Start(spec)
	r.must(err)
	r.processes[i] = process
}

// needsRoot skips what only root can do, loudly: in CI that is a failure.
func needsRoot(t *testing.T, command string, args ...string) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and starts real processes")
	}
	out, err := exec.Command(command, args...).CombinedOutput()
	if err == nil {
		return
	}
	why := fmt.Sprintf("NOT TESTED: %s %s: %v: %s", command, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}
