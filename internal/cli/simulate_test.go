package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const shortEvening = `
name: short
duration: 5m
people: {lobby: 60000}
resources:
  - {name: was, per_replica: 100, replicas: {start: 8, min: 2, max: 20}}
  - {name: stock, capacity: 200}
`

// simulate runs the command and returns what it printed.
func simulate(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := newSimulateCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func writeScenario(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "evening.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestSimulatePrintsTheScoreboardAsJSON(t *testing.T) {
	out, err := simulate(t, writeScenario(t, shortEvening), "--seeds", "1", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Scenario    string
		Controllers map[string]map[string]any
	}
	if err := json.Unmarshal([]byte(out), &board); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if board.Scenario != "short" {
		t.Errorf("scenario is %q", board.Scenario)
	}
	for _, name := range []string{"cascade", "fixed", "aimd", "gradient2", "pi", "hpa", "clairvoyant"} {
		row, ok := board.Controllers[name]
		if !ok {
			t.Errorf("no row for %s", name)
			continue
		}
		for _, field := range []string{
			"goodput_ratio", "failed_share", "held_share", "p99_s", "convergence_s",
			"actuations_per_h", "reversals", "overshoot", "unsafe", "replica_hours",
		} {
			if _, ok := row[field]; !ok {
				t.Errorf("%s has no %s", name, field)
			}
		}
	}
	if ratio := board.Controllers["clairvoyant"]["goodput_ratio"]; ratio != 1.0 {
		t.Errorf("the clairvoyant's ratio to itself is %v", ratio)
	}
}

func TestSimulateDrawsAPlot(t *testing.T) {
	file := filepath.Join(t.TempDir(), "plot.html")
	if _, err := simulate(t, writeScenario(t, shortEvening), "--seeds", "1", "--controller", "cascade", "--plot", file); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if page := string(b); strings.Count(page, "<polyline") < 5 || strings.Contains(page, "NaN") {
		t.Errorf("the plot has %d lines", strings.Count(page, "<polyline"))
	}
}

func TestSimulateSaysWhatIsWrong(t *testing.T) {
	for name, args := range map[string][]string{
		"unknown controller": {writeScenario(t, shortEvening), "--controller", "guess"},
		"no seeds":           {writeScenario(t, shortEvening), "--seeds", "0"},
		"unknown scenario":   {"no-such-evening"},
		"no number":          {"storm-x"},
		"nothing to tune":    {"--tune", "hpa"},
		"tuned on one's own": {"--tune", "pi", "rush"},
		"misspelt field":     {writeScenario(t, shortEvening+"\nfualts: []\n")},
		"unknown resource":   {writeScenario(t, shortEvening+"\nfaults: [{kind: stall, resource: stok, at: 1m}]\n")},
	} {
		if out, err := simulate(t, args...); err == nil {
			t.Errorf("%s: no error, printed %s", name, out)
		}
	}
}

func TestSimulatePlaysMadeUpEvenings(t *testing.T) {
	for _, name := range []string{"random-7", "storm-7"} {
		first, err := simulate(t, name, "--seeds", "1", "--controller", "fixed")
		if err != nil {
			t.Fatal(err)
		}
		if second, _ := simulate(t, name, "--seeds", "1", "--controller", "fixed"); second != first || !strings.HasPrefix(first, name) {
			t.Errorf("first\n%s\nthen\n%s", first, second)
		}
	}
}
