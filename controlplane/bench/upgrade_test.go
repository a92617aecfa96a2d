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
	"testing"

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
