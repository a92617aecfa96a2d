package gate_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"sunbeon/controlplane/plan"
	"sunbeon/reservation/gate"
	"sunbeon/reservation/waitingroom/fairness"
)

// proveFair holds the verifier against whatever the gate has written, as any
// citizen could.
func (w *world) proveFair(witnesses ...fairness.Witness) *fairness.Report {
	w.t.Helper()
	dir := filepath.Join(w.config.Data, "record")
	config := fairness.Config{Dir: dir, Witnesses: witnesses}
	entries, err := os.ReadDir(dir)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, entry := range entries {
		if name := entry.Name(); name != "lock" && filepath.Ext(name) == "" {
			content, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				w.t.Fatal(err)
			}
			config.Evidence = append(config.Evidence, fairness.Evidence{Name: name, Content: content, Own: true})
		}
	}
	report, err := fairness.Verify(config)
	if err != nil {
		w.t.Fatal(err)
	}
	if !report.OK {
		w.t.Errorf("the gate's own record does not verify: %+v", report.Violation)
	}
	return report
}

// A witness watches the gate from outside: takes its checkpoint, signs it with
// software of its own, and hands it in. The gate shows it, the plan keeps it,
// and whoever verifies can ask for it.
func TestAWitnessSpeaksForTheGate(t *testing.T) {
	secret, key, err := note.GenerateKey(rand.Reader, "witness.example")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := cosignature.NewSignerForCosignatureV1(secret)
	if err != nil {
		t.Fatal(err)
	}
	witness, err := fairness.ParseWitness(key)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(c *gate.Config) { c.Witnesses = []fairness.Witness{witness} })
	w.define("a")
	w.citizen("one").join()
	w.restart() // which signs what the record has come to
	var checkpoint string
	w.eventually("there is a checkpoint", func() bool {
		resp, body := w.anyone().do(http.MethodGet, fairness.CheckpointPath, "", nil)
		checkpoint = body
		return resp.StatusCode == http.StatusOK
	})
	var index fairness.Index
	w.anyone().get(fairness.IndexPath, &index)
	log, err := note.NewVerifier(index.Key)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := note.Open([]byte(checkpoint), note.VerifierList(log))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(opened, signer)
	if err != nil {
		t.Fatal(err)
	}
	if resp, body := w.anyone().do(http.MethodPost, fairness.CheckpointPath, "text/plain", bytes.NewReader(signed)); resp.StatusCode != http.StatusNoContent {
		t.Fatalf("handed in: %d %s", resp.StatusCode, body)
	}
	if resp, body := w.anyone().do(http.MethodPost, fairness.CheckpointPath, "text/plain", bytes.NewReader([]byte(checkpoint))); resp.StatusCode != http.StatusForbidden {
		t.Errorf("without a signature: %d %s", resp.StatusCode, body)
	}
	var shown fairness.Cosigned
	w.anyone().get(fairness.WitnessedPath, &shown)
	if len(shown.Checkpoints) != 1 {
		t.Fatalf("shown: %+v", shown)
	}
	report := w.proveFair(witness)
	if len(report.Witnesses) != 1 || report.Witnesses[0].Groups == 0 {
		t.Errorf("witnessed: %+v", report.Witnesses)
	}
}

// Round 1000 of drand's quicknet: when it was due, and its signature.
const (
	roundMS        = 1_692_806_364_000
	roundSignature = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"
)

// A draw from a round of drand, in an evening around that round: one official
// pastes what it gave, a wrong paste is refused, and the record proves it.
func TestDrawFromARoundOfDrand(t *testing.T) {
	var back atomic.Int64 // of all clocks here, in nanoseconds
	back.Store(roundMS*int64(time.Millisecond) - time.Now().UnixNano() - int64(2500*time.Millisecond))
	now := func() time.Time { return time.Now().Add(time.Duration(back.Load())) }
	w := newWorld(t, func(c *gate.Config) { c.Now = now })
	w.cluster.ahead.Store(back.Load())
	w.define("public", func(c *plan.Cohort) {
		ms := now().UnixMilli()
		c.Order, c.DrawMode, c.Source = plan.OrderDraw, plan.DrawBeacon, "drand:quicknet/1000"
		c.LobbyMS, c.SealMS, c.OpenMS, c.CloseMS = ms-1000, ms-500, ms+10_000, ms+3_600_000
	})
	people := []*person{w.citizen("one"), w.citizen("two"), w.citizen("three")}
	for _, p := range people {
		p.join()
	}
	w.cluster.do(plan.CohortPhase, plan.MovePhase{Cohort: "public", Phase: plan.Sealed})
	w.eventually("the lobby is sealed in the plan", func() bool { return w.cluster.current().Cohorts["public"].Draw != nil })
	if w.cluster.try(plan.DrawValue, plan.NameValue{Cohort: "public", Value: roundSignature[:94] + "00"}) {
		t.Error("a value that is not the round's was accepted")
	}
	w.eventually("the round is public", func() bool { return now().UnixMilli() > roundMS })
	w.cluster.do(plan.DrawValue, plan.NameValue{Cohort: "public", Value: roundSignature}, "kim")
	w.eventually("the draw is made", func() bool { return w.drawnInPlan("public") })
	turns := map[int64]bool{}
	for _, p := range people {
		turns[*p.join().Turn] = true
	}
	if len(turns) != 3 {
		t.Errorf("turns %v", turns)
	}
	w.stop()
	if report := w.proveFair(); report.Lines[0].Draw != "beacon" || report.Lines[0].Lobby != 3 {
		t.Errorf("line %+v", report.Lines)
	}
}

// Trick: one person on hundreds of connections at once, to hold many numbers
// and keep the best.
func TestTrickOnePersonOnHundredsOfConnections(t *testing.T) {
	w := newWorld(t)
	w.define("a")
	p := w.citizen("one")
	const connections = 300
	seqs := make([]int64, connections)
	var racing sync.WaitGroup
	begin := make(chan struct{})
	for i := range connections {
		device := p.device()
		racing.Go(func() {
			<-begin
			var got ticket
			if status, body := device.post("/v1/ticket", nil, &got); status != http.StatusOK && status != http.StatusCreated {
				t.Errorf("connection %d: %d %s", i, status, body)
			}
			seqs[i] = got.Seq
		})
	}
	close(begin)
	racing.Wait()
	for i, seq := range seqs {
		if seq != 1 {
			t.Fatalf("connection %d holds number %d", i, seq)
		}
	}
	if next := w.citizen("two").join(); next.Seq != 2 {
		t.Errorf("the next person has number %d: numbers were burnt", next.Seq)
	}
	w.move("a", plan.Open)
	w.keepCalling("a", 50)
	passes := make([]string, connections)
	for i := range connections {
		device := p.device()
		racing.Go(func() { passes[i] = device.enter().ID })
	}
	racing.Wait()
	for i, id := range passes {
		if id != passes[0] {
			t.Fatalf("connection %d holds another pass", i)
		}
	}
}

// Trick: set the gate's clock back by 20 s in mid-evening, and start the gate
// again. No number is taken back, nobody is called by it, and the record it
// writes on is still one that verifies.
func TestTrickClockSetBack(t *testing.T) {
	var ahead atomic.Int64
	w := newWorld(t, func(c *gate.Config) {
		c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	w.define("a")
	people := make([]*person, 30)
	for i := range people {
		people[i] = w.citizen(fmt.Sprint(i))
		people[i].join()
	}
	w.move("a", plan.Open)
	w.call("a", 2)
	before := people[0].enter()
	shown := people[29].join().Serving
	ahead.Store(-int64(20 * time.Second))
	w.cluster.ahead.Store(ahead.Load())
	for range 2 {
		if after := people[0].enter(); after.ID != before.ID {
			t.Errorf("the pass changed: %+v, %+v", before, after)
		}
		if got := people[29].join(); got.Serving < shown || got.Serving > shown+10 {
			t.Errorf("set back by 20 s, the number went from %d to %d", shown, got.Serving)
		}
		status, body := people[29].post("/v1/claim", nil, nil)
		want(t, "claim of the last turn", status, body, http.StatusConflict, "not_called")
		w.restart()
	}
	w.stop()
	w.proveFair()
}
