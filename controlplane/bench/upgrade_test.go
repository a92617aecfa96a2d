package bench

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/plan"
)

// previous is what three nodes of the release before left behind when they were
// stopped: the first with a snapshot, the others with their whole log. They know
// each other by the addresses of moveTo.
const previous = "testdata/release-0.1.0.tar.gz"

func (r *real) unpack(archive string) {
	r.t.Helper()
	f, err := os.Open(archive)
	r.must(err)
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	r.must(err)
	for files := tar.NewReader(unzipped); ; {
		head, err := files.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		r.must(err)
		path := filepath.Join(r.dir, filepath.Clean("/"+head.Name))
		if head.Typeflag == tar.TypeDir {
			r.must(os.MkdirAll(path, 0o700))
			continue
		}
		content, err := io.ReadAll(files)
		r.must(err)
		r.must(os.WriteFile(path, content, 0o600))
	}
}

// moveTo gives the nodes the addresses the archive was written at.
func (r *real) moveTo() {
	r.t.Helper()
	for i := range nodes {
		host := fmt.Sprintf("127.83.12.%d", i+1)
		r.ops[i], r.private[i], r.raft[i] = host+":8805", host+":8808", host+":8811"
	}
	r.must(r.connect())
}

func TestDataOfThePreviousReleaseIsCarriedOn(t *testing.T) {
	r := prepare(t)
	r.unpack(previous)
	r.moveTo()
	r.must(r.startAll(r.ctx))
	for i := range nodes {
		r.must(r.settled(r.ctx, i))
		var document opsapi.Document
		r.must(r.at[i].Call(r.ctx, http.MethodGet, "/v1/plan?consistency=linearizable", "", nil, &document))
		cohort, known := document.Cohorts["born-1972-1976"]
		if document.Admission.RateMilli != 57_000 || !known || cohort.Supply != 5_000 || len(cohort.ApprovedBy) != 1 {
			t.Errorf("%s holds the rate %d and the cohort %+v", id(i), document.Admission.RateMilli, cohort)
		}
		if _, held := document.Holds["born-1972-1976"]; !held {
			t.Errorf("%s lost a hold", id(i))
		}
		if document.Cluster.MinVersion != 1 {
			t.Errorf("%s is at version %d: nobody raised it", id(i), document.Cluster.MinVersion)
		}
	}

	// A version that some node does not know is not taken in: it would stop it.
	raise, err := plan.NewCommand(plan.ClusterVersion, plan.RaiseVersion{MinVersion: plan.Version + 1})
	r.must(err)
	raise.Reason = "too early"
	result, err := r.operator.Submit(r.ctx, raise)
	if err != nil || result.Code != plan.Gated {
		t.Errorf("a version nobody knows: %+v, %v", result, err)
	}
	r.must(r.setRate(58_000))
	r.holdEverywhere(58_000)
	for i := range nodes { // and what this release wrote after it
		r.must(r.kill(i))
	}
	r.must(r.startAll(r.ctx))
	r.holdEverywhere(58_000)
}

// A release is rolled out a node at a time under writes. What only the new one
// knows waits until every node does; from then on an old one stops rather than
// go on without it.
func TestAReleaseIsRolledOutNodeByNode(t *testing.T) {
	r := prepare(t)
	next, err := build("sunbeon-next", "nextrelease")
	r.must(err)
	r.must(r.startAll(r.ctx))
	raise := func() plan.Result {
		t.Helper()
		command, err := plan.NewCommand(plan.ClusterVersion, plan.RaiseVersion{MinVersion: plan.Version + 1})
		r.must(err)
		command.Reason = "the new release"
		result, err := r.operator.Submit(r.ctx, command)
		r.must(err)
		return result
	}
	old := r.binary
	for i := range nodes {
		if result := raise(); result.Code != plan.Gated {
			t.Errorf("with %d new nodes the version is raised: %+v", i, result)
		}
		r.must(r.kill(i))
		r.must(r.setRate(40_000 + int64(i))) // two of the three go on
		r.binary = next
		r.must(r.start(i))
		r.must(r.settled(r.ctx, i))
		r.holdEverywhere(40_000 + int64(i))
		r.binary = old
	}
	if result := raise(); !result.OK {
		t.Fatalf("every node is new, and yet: %+v", result)
	}
	r.must(r.settled(r.ctx, 0))

	r.must(r.kill(0))
	r.must(r.start(0)) // by mistake, the old one
	select {
	case <-r.processes[0].Done():
	case <-time.After(20 * time.Second):
		t.Error("an old node goes on with a log it does not understand")
	}
	if words := tail(r.log(0), 5); !strings.Contains(words, "unknown command") {
		t.Errorf("it ended with\n%s", words)
	}
	r.binary = next
	r.must(r.start(0))
	r.must(r.settled(r.ctx, 0))
	r.must(r.setRate(41_000))
	r.holdEverywhere(41_000)
}
