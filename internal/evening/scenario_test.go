package evening_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const small = `
name: small
step: 100ms
lobby: 4s
duration: 1m
people:
  lobby: 900
  claim_delay: {mean: 1s, cv: 0.6}
  arrivals: [{shape: wave, people: 300, from: 1s, over: 15s}]
session:
  requests:
    - {name: eligibility, think: {mean: 300ms, cv: 0.5}, uses: {eligibility: 1}}
    - {name: institutions, think: {mean: 500ms, cv: 0.5}}
    - {name: slots, think: {mean: 500ms, cv: 0.5}}
    - {name: book, think: {mean: 700ms, cv: 0.5}, uses: {stock: 1}}
resources:
  - {name: was, per_replica: 300, latency: 10ms, replicas: {start: 2, min: 2, max: 4, cold_start: 2s}}
  - {name: eligibility, capacity: 100, latency: 30ms}
  - {name: stock, capacity: 60, latency: 40ms}
faults:
  - {kind: step, resource: stock, at: 8s, for: 20s, factor: 0.5}
  - {kind: replica_kill, at: 12s, count: 1}
  - {kind: leader_loss, at: 15s, for: 5s}
`

// The same evening simulated and for real, with a server killed and nobody
// steering for a while.
func TestScenarioIsPlayedForReal(t *testing.T) {
	dir := t.TempDir()
	file, report := filepath.Join(dir, "small.yaml"), filepath.Join(dir, "report.json")
	if err := os.WriteFile(file, []byte(small), 0o600); err != nil {
		t.Fatal(err)
	}
	u := begin(t, filepath.Join(dir, "data"), freeBase(t), "--scenario", file, "--report", report)
	u.await("opens at", 30*time.Second)
	wantRehearsal(t, u)
	if err := u.end(3 * time.Minute); err != nil {
		t.Fatal(err)
	}
	told := readReport(t, report)
	wantSound(t, told)
	for _, want := range []string{"the scenario's fault begins: step stock", "1 WAS are killed", "the control plane stands still", "the control plane goes on", "small, simulated and for real"} {
		if !strings.Contains(u.out.String(), want) {
			t.Errorf("up does not say %q", want)
		}
	}
	simulation, ok := told["simulation"].(map[string]any)
	if !ok {
		t.Fatal("the report does not compare")
	}
	for _, f := range simulation["figures"].([]any) {
		figure := f.(map[string]any)
		if figure["name"] != "bookings" {
			continue
		}
		if simulated, real := figure["simulated"].(float64), figure["real"].(float64); real < 0.7*simulated || real > 1.3*simulated {
			t.Errorf("%.0f bookings simulated and %.0f for real", simulated, real)
		}
	}
}

// wantRehearsal rehearses the cohort in its lobby, as a commander would.
func wantRehearsal(t *testing.T, u *up) {
	t.Helper()
	out, err := exec.Command(u.cmd.Path, "simulate", "--live", "--data", u.data, "--expect", "1200", "--expect-over", "10s", "--json").Output()
	if err != nil {
		t.Fatalf("simulate --live: %v", err)
	}
	var told struct {
		Answers []struct {
			WhatIf    *struct{ Resource string } `json:"what_if"`
			LimitedBy string                     `json:"limited_by"`
			BookedS   *float64                   `json:"booked_s"`
		}
	}
	if err := json.Unmarshal(out, &told); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if len(told.Answers) != 3 {
		t.Fatalf("%d answers, want as believed and two systems at half: %s", len(told.Answers), out)
	}
	for _, a := range told.Answers {
		if a.BookedS == nil || a.LimitedBy != "stock" && a.WhatIf == nil {
			t.Errorf("limited by %s, booked after %v s", a.LimitedBy, a.BookedS)
		}
	}
}
