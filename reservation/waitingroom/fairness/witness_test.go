package fairness_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"sunbeon/reservation/waitingroom/fairness"
)

// ngo is a witness as a stranger runs it, by the text of C2SP tlog-cosignature.
type ngo struct {
	t      *testing.T
	name   string
	key    string // to verify
	secret ed25519.PrivateKey
	// now is the witness's own clock.
	now int64
}

func newNGO(t *testing.T, name string, nowMS int64) *ngo {
	t.Helper()
	_, secret, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	n := &ngo{t: t, name: name, secret: secret, now: nowMS / 1000}
	n.key = fmt.Sprintf("%s+%08x+%s", name, n.KeyHash(), base64.StdEncoding.EncodeToString(n.typed()))
	return n
}

// typed is the public key after the byte that says what it signs.
func (n *ngo) typed() []byte {
	return append([]byte{4}, n.secret.Public().(ed25519.PublicKey)...)
}

func (n *ngo) Name() string { return n.name }

func (n *ngo) KeyHash() uint32 {
	sum := sha256.Sum256(append([]byte(n.name+"\n"), n.typed()...))
	return binary.BigEndian.Uint32(sum[:])
}

func (n *ngo) Sign(text []byte) ([]byte, error) {
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", n.now, text)
	return append(binary.BigEndian.AppendUint64(nil, uint64(n.now)), ed25519.Sign(n.secret, []byte(message))...), nil
}

func (n *ngo) witness() fairness.Witness {
	n.t.Helper()
	w, err := fairness.ParseWitness(n.key)
	if err != nil {
		n.t.Fatal(err)
	}
	return w
}

// cosign adds the witness's signature to a checkpoint.
func (n *ngo) cosign(checkpoint []byte) []byte {
	n.t.Helper()
	verifier, err := note.NewVerifier(logKey(n.t))
	if err != nil {
		n.t.Fatal(err)
	}
	opened, err := note.Open(checkpoint, note.VerifierList(verifier))
	if err != nil {
		n.t.Fatal(err)
	}
	signed, err := note.Sign(opened, n)
	if err != nil {
		n.t.Fatal(err)
	}
	return signed
}

func logKey(t *testing.T) string {
	t.Helper()
	text, err := fairness.VerifierKey(origin, public)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// forged is the checkpoint with a signature in the witness's name that the
// witness did not give.
func (n *ngo) forged(checkpoint []byte) []byte {
	signed := n.cosign(checkpoint)
	lines := strings.Split(strings.TrimSuffix(string(signed), "\n"), "\n")
	last := []byte(lines[len(lines)-1])
	at := &last[len(last)-12]
	if *at == 'A' {
		*at = 'B'
	} else {
		*at = 'A'
	}
	lines[len(lines)-1] = string(last)
	return []byte(strings.Join(lines, "\n") + "\n")
}

// A witness fetches a checkpoint, signs it and hands it in; whoever verifies
// names the witness and gets their word, over HTTP and from a copy.
func TestWitnessesSpeakForTheLog(t *testing.T) {
	e := newEvening(t)
	e.pass(0)
	one, two := newNGO(t, "witness.example/one", e.ms()), newNGO(t, "witness.example/two", e.ms())
	config := fairness.PublisherConfig{Dir: e.dir, Log: e.log, Key: key, Origin: origin,
		Witnesses: []fairness.Witness{one.witness(), two.witness()}}
	publisher, err := fairness.NewPublisher(config)
	e.check(err)
	server := httptest.NewServer(publisher.Handler())
	defer server.Close()
	hand := func(body []byte, want int) {
		t.Helper()
		response, err := server.Client().Post(server.URL+fairness.CheckpointPath, "text/plain", bytes.NewReader(body))
		e.check(err)
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("handed in: %s, want %d", response.Status, want)
		}
	}
	_, first, err := publisher.Sign()
	e.check(err)
	hand(one.cosign(first), http.StatusNoContent)
	hand(one.forged(first), http.StatusBadRequest)
	hand(first, http.StatusForbidden)
	hand(newNGO(t, "stranger.example", e.ms()).cosign(first), http.StatusForbidden)
	hand([]byte("no checkpoint\n"), http.StatusBadRequest)
	hand(bytes.Repeat([]byte("x"), 1<<20), http.StatusRequestEntityTooLarge)
	other := fairness.Checkpoint{Origin: origin, Size: 3, Root: [32]byte{9}}
	never, err := other.Sign(key)
	e.check(err)
	hand(two.cosign(never), http.StatusConflict)

	// The log goes on; the second witness signs the newer checkpoint only.
	_, err = e.room.Join([16]byte{200}, e.ms())
	e.check(err)
	e.pass(0)
	_, second, err := publisher.Sign()
	e.check(err)
	hand(two.cosign(second), http.StatusNoContent)
	hand(two.cosign(first), http.StatusNoContent) // late, and does not move back

	dir := t.TempDir()
	own, err := fairness.Fetch(t.Context(), server.Client(), server.URL, dir, 1<<30)
	e.check(err)
	witnessed := func(dir string, own []fairness.Evidence, by ...*ngo) *fairness.Report {
		t.Helper()
		c := fairness.Config{Dir: dir, Key: public, Evidence: own}
		for _, n := range by {
			c.Witnesses = append(c.Witnesses, n.witness())
		}
		report, err := fairness.Verify(c)
		e.check(err)
		return report
	}
	report := witnessed(dir, own, one, two)
	if !report.OK || len(report.Witnesses) != 2 || report.Witnesses[0].Groups >= report.Groups ||
		report.Witnesses[1].Groups != report.Groups || report.Witnesses[1].TimeS == 0 {
		t.Errorf("fetched: %+v, %+v", report.Violation, report.Witnesses)
	}
	// The same from the directory, as a copy of it would be verified, and after
	// the gate was started again.
	e.check(os.Remove(filepath.Join(e.dir, fairness.CheckpointFile)))
	publisher, err = fairness.NewPublisher(config)
	e.check(err)
	files, err := filepath.Glob(filepath.Join(e.dir, fairness.WitnessedFile+"*"))
	e.check(err)
	if len(files) != 2 || len(publisher.Witnessed()) != 2 {
		t.Errorf("%d files, %d witnessed", len(files), len(publisher.Witnessed()))
	}
	own = nil
	for _, file := range files {
		content, err := os.ReadFile(file)
		e.check(err)
		own = append(own, fairness.Evidence{Name: file, Content: content, Own: true})
	}
	if report := witnessed(e.dir, own, one, two); !report.OK {
		t.Errorf("from the directory: %+v", report.Violation)
	}
	if report := witnessed(e.dir, own, newNGO(t, "never.example", e.ms())); report.OK || report.Violation.Claim != fairness.Witnessed {
		t.Errorf("a witness that never signed: %+v", report.Violation)
	}
	forged := []fairness.Evidence{{Name: "checkpoint", Content: one.forged(first)}}
	if report := witnessed(e.dir, forged, one); report.OK || report.Violation.Claim != fairness.Witnessed {
		t.Errorf("a forged signature: %+v", report.Violation)
	}
	if report := witnessed(e.dir, forged); !report.OK {
		t.Errorf("a signature of somebody nobody named: %+v", report.Violation)
	}
}

// A record dated into the future, so that an evening which never happened looks
// old, is contradicted by whoever saw it at a time.
func TestWitnessCatchesARecordOfTheFuture(t *testing.T) {
	e := newEvening(t)
	e.pass(0)
	n := newNGO(t, "witness.example", e.ms()-3_600_000)
	signed, err := e.checkpoint().Sign(key)
	e.check(err)
	report, err := fairness.Verify(fairness.Config{Dir: e.dir, Key: public, Witnesses: []fairness.Witness{n.witness()},
		Evidence: []fairness.Evidence{{Name: "checkpoint", Content: n.cosign(signed)}}})
	e.check(err)
	if report.OK || report.Violation.Claim != fairness.Witnessed {
		t.Errorf("violation %+v", report.Violation)
	}
}

func TestWitnessKeysAreReadStrictly(t *testing.T) {
	dated := newNGO(t, "witness.example", 0).key
	_, plain, err := note.GenerateKey(rand.Reader, "witness.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, good := range []string{plain, dated} {
		if w, err := fairness.ParseWitness(good); err != nil || w.Name != "witness.example" {
			t.Errorf("%s: %+v, %v", good, w, err)
		}
	}
	for _, bad := range []string{"", "witness.example", strings.Replace(dated, "+", "+0", 1), dated[:len(dated)-4],
		strings.Replace(dated, "witness.example", "other.example", 1)} {
		if _, err := fairness.ParseWitness(bad); !errors.Is(err, fairness.ErrCheckpoint) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
