package twin

import (
	"encoding/json"
	"strings"
	"testing"
)

const pools = "name: x\nresources:\n  - {name: was, per_replica: 10, replicas: {min: 1}}\n"

func TestMisspeltScenariosAreRefused(t *testing.T) {
	f := func(name, text string, want ...string) {
		t.Helper()
		_, err := Read(strings.NewReader(text))
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%s: error %v does not mention %q", name, err, w)
			}
		}
	}
	f("nothing", "", "empty")
	f("no mapping", "hello", "line 1")
	f("two evenings", pools+"---\nname: y\n", "line 4", "second document")
	f("unknown field", pools+"fault: []\n", "line 4: there is no field fault here")
	f("text for a number", pools+"people: {lobby: many}\n", "line 4: `many` is no number")
	f("a list for text", "name: [1, 2]\n", "line 1: a list is no text")
	f("no pool", "name: x\nresources: [{name: stock, capacity: 5}]\n", "line 2", "exactly one")
	f("unknown fault", pools+"faults: [{kind: flood, at: 1m}]\n", "line 4", "flood")
	f("fault without factor", pools+"faults: [{kind: step, resource: was, at: 1m}]\n", "line 4", "factor")
	f("fault after the end", pools+"faults:\n  - {kind: leader_loss,\n     at: 2h}\n", "line 6: faults[1].at 2h0m0s is not in the evening")
	f("bad duration", pools+"duration: long\n", "line 4", "long")
	f("endless", pools+"duration: 9000h\n", "line 4", "24h")
	f("too fine", pools+"duration: 20h\nstep: 10ms\n", "line 5: step makes more than")
	f("unknown use", pools+"session: {requests: [{name: a, think: {mean: 1s}, uses: {stok: 1}}]}\n", "line 4", "stok")
	f("no time", pools+"session: {requests: [{name: a}]}\n", "line 4", "think")
	f("no number", pools+"people: {lobby: .nan}\n", "line 4: people.lobby must be from 0 to 1e+10, is NaN")
	f("too many people", pools+"people: {lobby: 1e300}\n", "line 4")
	f("fewer than none", pools+"people:\n  lobby: 5\n  arrivals:\n    - {shape: wave, people: -1, over: 1m}\n", "line 7: people.arrivals[1].people")
	f("several at once", "resources:\n  - {name: was, per_replica: .inf, replicas: {min: 3, max: 2}}\n  - {name: stock, capacity: -1}\n",
		"name is missing", "line 2: resources[1].per_replica", "line 2: resources[1].replicas.max", "line 3: resources[2].capacity")
	f("an alias", pools+"  - &s {name: stock, capacity: 5}\n  - *s\n", "resources[3].name", "twice")
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'j'; c++ {
		bomb += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+",", 8) + "]\n"
	}
	f("aliases that multiply", bomb, "line 1: there is no field a here")
}

// Evenings at the edge of what makes sense are played to the end, and every
// figure of them is a number.
func TestEveningsAtTheEdge(t *testing.T) {
	f := func(name, rest string) {
		t.Helper()
		s, err := Read(strings.NewReader("name: x\nduration: 3m\n" + rest))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		board, err := Score(t.Context(), s, Names(), 1, DefaultTuning())
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := json.Marshal(board); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for controller, r := range board.Controllers {
			if !(r.Ratio >= 0 && r.Ratio < 2) || !(r.Held >= 0 && r.Held <= 1) || r.Overshoot < 0 {
				t.Errorf("%s, %s: %+v", name, controller, r)
			}
		}
	}
	const usual = "resources:\n  - {name: was, per_replica: 10, replicas: {min: 1}}\n  - {name: stock, capacity: 20}\n"
	f("nobody", usual)
	f("one", usual+"people: {lobby: 1}\n")
	f("more than anybody can serve", usual+"people: {lobby: 1e10}\n")
	f("nothing is short", "resources:\n  - {name: was, per_replica: 1e9, replicas: {min: 1}}\n  - {name: stock, capacity: 1e9}\npeople: {lobby: 1e6}\n")
	f("nothing lasts", usual+"people: {lobby: 5000}\nfaults: [{kind: stall, resource: stock, at: 0s}]\n")
	f("everything at once", usual+`people: {lobby: 5000}
faults:
  - {kind: step, resource: stock, at: 20s, for: 1m, factor: 0.5}
  - {kind: stall, resource: stock, at: 30s, for: 20s}
  - {kind: flap, resource: stock, at: 40s, factor: 0.1, period: 7s}
  - {kind: telemetry_nan, at: 30s, for: 10s}
  - {kind: telemetry_zero, at: 45s, for: 10s}
  - {kind: leader_loss, at: 1m, for: 20s}
  - {kind: replica_kill, at: 70s, count: 9}
  - {kind: retry_storm, at: 20s, factor: 900}
`)
}
