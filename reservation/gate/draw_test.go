package gate_test

import (
	"encoding/hex"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sunbeon/controlplane/plan"
	"sunbeon/reservation/waitingroom"
)

// seed is the drawn seed of the cohort in the plan.
func seed(t *testing.T, c plan.Cohort) (out [32]byte) {
	t.Helper()
	if c.Draw == nil {
		t.Fatal("no draw in the plan")
	}
	if n, err := hex.Decode(out[:], []byte(c.Draw.Seed)); err != nil || n != len(out) {
		t.Fatalf("seed %q", c.Draw.Seed)
	}
	return out
}

func (w *world) drawnInPlan(id string) bool {
	c := w.cluster.current().Cohorts[id]
	return c.Drawn()
}

func TestTheLobbyIsDrawnAndAnyoneCanRecomputeIt(t *testing.T) {
	w := newWorld(t)
	w.define("drawn", drawn)
	people := map[int64]*person{}
	for _, name := range []string{"one", "two", "three", "four", "five"} {
		p := w.citizen(name)
		got := p.join()
		if got.Turn != nil {
			t.Errorf("a turn before the draw: %+v", got)
		}
		people[got.Seq] = p
	}
	w.move("drawn", plan.Sealed)
	w.eventually("the draw is revealed", func() bool { return w.drawnInPlan("drawn") })
	c := w.cluster.current().Cohorts["drawn"]
	if c.Draw.Count != 5 || c.Draw.Secret != hex.EncodeToString(drawSecret) {
		t.Errorf("draw %+v", c.Draw)
	}
	late := w.citizen("six").join()
	if late.Turn == nil || *late.Turn != 6 {
		t.Errorf("a ticket after the seal: %+v", late)
	}
	for seq, p := range people {
		var got ticket
		p.get("/v1/ticket", &got)
		if want := waitingroom.Turn(seed(t, c), 5, seq); got.Turn == nil || *got.Turn != want {
			t.Errorf("arrival %d: %+v, want turn %d", seq, got, want)
		}
	}
	w.cluster.mu.Lock()
	commands := slices.Clone(w.cluster.commands)
	w.cluster.mu.Unlock()
	sealed, revealed := slices.Index(commands, plan.DrawSeal), slices.Index(commands, plan.DrawReveal)
	if sealed < 0 || revealed < sealed {
		t.Errorf("sealed at %d, revealed at %d of %v", sealed, revealed, commands)
	}
	w.move("drawn", plan.Open)
}

func TestAnInterruptedDrawGoesOn(t *testing.T) {
	w := newWorld(t)
	w.define("drawn", drawn)
	w.citizen("one").join()
	w.citizen("two").join()

	// The gate seals its record, but dies before the plan hears of it.
	w.cluster.do(plan.CohortPhase, plan.MovePhase{Cohort: "drawn", Phase: plan.Sealed})
	w.follows("drawn", plan.Sealed)
	w.cluster.down.Store(true)
	w.stop()
	w.cluster.down.Store(false)
	w.start()
	w.eventually("the draw is revealed", func() bool { return w.drawnInPlan("drawn") })
	before := w.cluster.current().Cohorts["drawn"].Draw

	// Once revealed, starting again changes nothing.
	w.restart()
	w.citizen("three").join()
	if after := w.cluster.current().Cohorts["drawn"].Draw; !cmp.Equal(after, before) {
		t.Errorf("draw %+v became %+v", before, after)
	}
	w.move("drawn", plan.Open)
	w.keepCalling("drawn", 50)
	w.citizen("one").enter()
}

func TestADrawWithAnotherSecretIsNotMade(t *testing.T) {
	w := newWorld(t)
	w.define("drawn", drawn, func(c *plan.Cohort) { c.Commitment = hex.EncodeToString(make([]byte, 32)) })
	w.citizen("one").join()
	w.move("drawn", plan.Sealed)
	w.eventually("the lobby is sealed", func() bool { return w.cluster.current().Cohorts["drawn"].Draw != nil })
	w.restart()
	if got := w.citizen("one").join(); got.Turn != nil {
		t.Errorf("drawn with a secret nobody committed to: %+v", got)
	}
	if w.drawnInPlan("drawn") {
		t.Error("revealed a secret nobody committed to")
	}
}

// A beacon draw: nobody at the gate knows the value; two officials read it.
func TestBeaconDrawWaitsForTwoOfficials(t *testing.T) {
	w := newWorld(t)
	w.define("public", func(c *plan.Cohort) {
		c.Order, c.DrawMode, c.Source = plan.OrderDraw, plan.DrawBeacon, "lottery of Saturday"
	})
	people := []*person{w.citizen("one"), w.citizen("two"), w.citizen("three")}
	for _, p := range people {
		p.join()
	}
	w.cluster.do(plan.CohortPhase, plan.MovePhase{Cohort: "public", Phase: plan.Sealed})
	w.eventually("the lobby is sealed in the plan", func() bool { return w.cluster.current().Cohorts["public"].Draw != nil })
	if w.drawnInPlan("public") {
		t.Fatal("drawn without a public value")
	}
	for _, official := range []string{"kim", "lee"} {
		w.cluster.do(plan.DrawValue, plan.NameValue{Cohort: "public", Value: "0102"}, official)
	}
	w.eventually("the draw is made", func() bool { return w.drawnInPlan("public") })
	turns := map[int64]bool{}
	for _, p := range people {
		turns[*p.join().Turn] = true
	}
	if len(turns) != 3 || turns[0] {
		t.Errorf("turns %v", turns)
	}
}

// A mistaken opening is undone and the passes of it voided: turns stay, passes
// end, and a new pass comes when the turn is served again.
func TestVoidedPassesEndAndTurnsStay(t *testing.T) {
	w := newWorld(t)
	w.define("a")
	p := w.citizen("one")
	p.join()
	w.move("a", plan.Open)
	w.keepCalling("a", 50)
	before := p.enter()
	w.cluster.do(plan.PassesVoid, plan.VoidPasses{Cohort: "a"})
	w.eventually("the pass has ended", func() bool {
		var got ticket
		p.get("/v1/ticket", &got)
		return got.State == "expired"
	})
	if after := p.enter(); after.ID == before.ID || after.Turn != before.Turn {
		t.Errorf("before %+v, after %+v", before, after)
	}
}
