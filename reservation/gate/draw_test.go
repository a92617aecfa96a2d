package gate_test

import (
	"encoding/hex"
	"slices"
	"testing"

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
	if after := w.cluster.current().Cohorts["drawn"].Draw; *after != *before {
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
