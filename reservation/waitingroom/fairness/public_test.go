package fairness_test

import (
	"crypto/ed25519"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/iotest"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"sunbeon/reservation/waitingroom/fairness"
	"sunbeon/reservation/waitingroom/tree"
)

func TestPublishedRecordIsFetchedAndProved(t *testing.T) {
	e := newEvening(t)
	e.pass(0)
	publisher, err := fairness.NewPublisher(fairness.PublisherConfig{Dir: e.dir, Log: e.log, Key: key, Origin: origin})
	e.check(err)
	if _, err := fairness.Fetch(t.Context(), http.DefaultClient, "http://127.0.0.1:1", t.TempDir(), 1<<30); err == nil {
		t.Error("fetched from nobody")
	}
	if _, err := publisher.Inclusion(0); !errors.Is(err, fairness.ErrNoCheckpoint) {
		t.Errorf("proved before the first checkpoint: %v", err)
	}
	_, _, err = publisher.Sign()
	e.check(err)
	server := httptest.NewServer(publisher.Handler())
	defer server.Close()
	dir := t.TempDir()
	own, err := fairness.Fetch(t.Context(), server.Client(), server.URL, dir, 1<<30)
	e.check(err)
	report := verify(t, dir, own...)
	if !report.OK || report.Records != e.log.Size() {
		t.Errorf("%d of %d records, violation %+v", report.Records, e.log.Size(), report.Violation)
	}
	// A witness that breaks off while it sends is at fault, not the log.
	broken := httptest.NewRecorder()
	publisher.Handler().ServeHTTP(broken, httptest.NewRequest(http.MethodPost, fairness.CheckpointPath, iotest.ErrReader(io.ErrUnexpectedEOF)))
	if broken.Code != http.StatusBadRequest {
		t.Errorf("half a checkpoint: %d", broken.Code)
	}
	for _, path := range []string{"/v1/record/lock", "/v1/record/..%2flock", "/v1/record/"} {
		response, err := server.Client().Get(server.URL + path)
		e.check(err)
		_ = response.Body.Close()
		if response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
}

func TestProofsJoinReceiptAndCheckpoints(t *testing.T) {
	e := newEvening(t)
	e.pass(0)
	groups := e.log.Groups()
	history, newer := fairness.NewHistory(groups), e.checkpoint()
	receipt, err := e.log.Receipt(12)
	e.check(err)
	head, err := receipt.Head()
	e.check(err)
	path, err := history.Inclusion(receipt.Group)
	e.check(err)
	leaf := head.Leaf()
	e.check(proof.VerifyInclusion(rfc6962.DefaultHasher, head.Number, newer.Size, leaf[:], path, newer.Root[:]))
	for size := uint64(1); size < newer.Size; size += 7 {
		older := tree.New(groups[:size]).Root()
		path, err := history.Consistency(size)
		e.check(err)
		e.check(proof.VerifyConsistency(rfc6962.DefaultHasher, size, newer.Size, path, older[:], newer.Root[:]))
		older[0] ^= 1
		if proof.VerifyConsistency(rfc6962.DefaultHasher, size, newer.Size, path, older[:], newer.Root[:]) == nil {
			t.Errorf("another checkpoint of %d groups is consistent too", size)
		}
	}
	signed, err := newer.Sign(key)
	e.check(err)
	if opened, _, err := fairness.OpenCosigned(signed, public, nil); err != nil || opened != newer {
		t.Errorf("opened %+v, %v", opened, err)
	}
}

// The key's own base64 may hold the plus that separates its parts.
func TestEveryVerifierKeyIsReadBack(t *testing.T) {
	for i := range byte(100) {
		seed := [32]byte{i}
		want := ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey)
		text, err := fairness.VerifierKey(origin, want)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := fairness.ParseVerifierKey(text); err != nil || !got.Equal(want) {
			t.Fatalf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"", "a+b+c", "+++"} {
		if _, err := fairness.ParseVerifierKey(text); err == nil {
			t.Errorf("%q was taken for a key", text)
		}
	}
}

// A checkpoint signs the heads of other logs with its own: two that differ at
// the same size convict whoever rewrote that log.
func TestCheckpointsBearWitnessToOtherLogs(t *testing.T) {
	e := newEvening(t)
	e.pass(0)
	audit := fairness.HeadLine("audit/commands/controlplane-1", 4711, "00ff")
	publisher, err := fairness.NewPublisher(fairness.PublisherConfig{
		Dir: e.dir, Log: e.log, Key: key, Origin: origin, Heads: func() string { return audit },
	})
	e.check(err)
	first, kept, err := publisher.Sign()
	e.check(err)
	if opened, _, err := fairness.OpenCosigned(kept, public, nil); err != nil || opened != first || opened.Heads != audit {
		t.Errorf("opened %+v, %v", opened, err)
	}
	f := func(line string, wantOK bool) {
		t.Helper()
		other := first
		other.Heads = line
		signed, err := other.Sign(key)
		e.check(err)
		report := verify(t, e.dir, fairness.Evidence{Name: "kept", Content: kept}, fairness.Evidence{Name: "other", Content: signed})
		if report.OK != wantOK || !wantOK && report.Violation.Claim != fairness.OnlyGrew {
			t.Errorf("with %q: OK %v, %+v", line, report.OK, report.Violation)
		}
	}
	f(audit, true)
	f("", true)
	f(fairness.HeadLine("audit/commands/controlplane-1", 4712, "11ff"), true)
	f(fairness.HeadLine("audit/commands/controlplane-2", 4711, "11ff"), true)
	f("somebody's extension\n", true)
	f(fairness.HeadLine("audit/commands/controlplane-1", 4711, "11ff"), false)
}
