package cli

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"sunbeon/runbooks"
)

func below(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, c := range cmd.Commands() {
		all = append(all, below(c)...)
	}
	return all
}

// Every command of ctl teaches by examples, and every example is understood.
func TestCtlExamplesAreUnderstood(t *testing.T) {
	n := newOpsNode(t)
	dir := n.data(t)
	t.Chdir(t.TempDir())
	if err := os.WriteFile("tonight.json", []byte(`{"id":"tonight"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	paths := map[string]bool{}
	for _, cmd := range below(newCtlCommand()) {
		paths[strings.TrimPrefix(cmd.CommandPath(), "ctl ")] = true
		if cmd.Short == "" || cmd.Example == "" {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
		for line := range strings.Lines(cmd.Example) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), " | ")
			words := runbooks.Step{Line: line}.Words()
			if len(words) == 0 || words[0] != "ctl" {
				t.Errorf("%s: example %q", cmd.CommandPath(), line)
				continue
			}
			if words[1] == "watch" {
				continue // does not end
			}
			os.Remove("kim.token")
			var errs strings.Builder
			if status := Main(append(words, "--data", dir), &strings.Builder{}, &errs); status == exitMisused {
				t.Errorf("%s: %s", line, errs.String())
			}
		}
	}
	for path := range examples {
		if !paths[path] {
			t.Errorf("an example of %q, which is no command", path)
		}
	}
}

// With --json an error is JSON too, and the exit status tells the outcomes
// apart.
func TestCtlOutcomes(t *testing.T) {
	n := newOpsNode(t)
	dir := n.data(t)
	f := func(name string, want int, outcome, code string, line ...string) {
		t.Helper()
		status, out, errs := ctlRun(append(line, "--json", "--data", dir)...)
		var told struct {
			Error struct{ Outcome, Code, Detail string }
		}
		if err := json.Unmarshal([]byte(errs), &told); err != nil {
			t.Errorf("%s: %q is not JSON: %v", name, errs, err)
		}
		if status != want || told.Error.Outcome != outcome || told.Error.Code != code || told.Error.Detail == "" || out != "" {
			t.Errorf("%s: exit %d, %+v, printed %q; want %d, %s, %s", name, status, told, out, want, outcome, code)
		}
	}
	f("misused", 2, "misused", "", "hold", "--frobnicate")
	f("no reason", 2, "misused", "", "hold")
	f("no such command", 2, "misused", "", "holt")
	f("negative", 2, "misused", "", "override", "set", "admission", "-5", "--reason", "r")
	f("not a number", 2, "misused", "", "override", "set", "admission", "NaN", "--reason", "r")
	n.status = http.StatusConflict
	f("refused", 1, "rejected", "conflict", "hold", "--reason", "r")
	n.status = http.StatusServiceUnavailable
	f("not taken", 3, "not_taken", "not_taken", "hold", "--reason", "r", "--timeout", "50ms")
	n.status = http.StatusGatewayTimeout
	f("unknown", 4, "unknown", "unknown_outcome", "hold", "--reason", "r", "--timeout", "50ms")
}

func TestCtlPassesTheIndexSeen(t *testing.T) {
	n := newOpsNode(t)
	dir := n.data(t)
	f := func(asked string, seen any, line ...string) {
		t.Helper()
		if status, _, errs := ctlRun(append(line, "--data", dir)...); status != 0 {
			t.Fatalf("%v: %s", line, errs)
		}
		if n.asked != asked || n.body["seen"] != seen {
			t.Errorf("%v: asked %s with %v", line, n.asked, n.body)
		}
	}
	f("PUT /v1/holds/all", 812.0, "hold", "--reason", "r", "--seen", "812")
	f("DELETE /v1/holds/all?reason=r&seen=812", nil, "release", "--reason", "r", "--seen", "812")
	f("DELETE /v1/holds/all?reason=r&propose=true&seen=812", nil, "release", "--reason", "r", "--seen", "812", "--propose")
	n.index = "77" // a command that reads first depends on what it read
	n.answer = `{"cohort":{"id":"tonight","open_ms":1000},"index":78}`
	f("POST /v1/cohorts/tonight/postpone", 77.0, "cohorts", "postpone", "tonight", "--by", "1h", "--reason", "r")
	if _, out, _ := ctlRun("plan", "--data", dir); !json.Valid([]byte(out)) {
		t.Errorf("the plan is not JSON: %q", out)
	}
	if _, out, _ := ctlRun("override", "--data", dir); !strings.Contains(out, "as of index 77") {
		t.Errorf("a list does not tell its index: %q", out)
	}
}

func TestTokenOutIsRemovedOnlyWhereItIsVoid(t *testing.T) {
	n := newOpsNode(t)
	dir := n.data(t)
	file := filepath.Join(t.TempDir(), "kim.token")
	add := []string{"operators", "add", "kim", "--role", "viewer", "--reason", "r", "--data", dir, "--token-out", file, "--timeout", "50ms"}
	n.status = http.StatusConflict
	ctlRun(add...)
	if _, err := os.Stat(file); err == nil {
		t.Error("a token that was refused is left")
	}
	n.status = http.StatusGatewayTimeout
	ctlRun(add...)
	if _, err := os.Stat(file); err != nil {
		t.Error("a token that may be in force is gone")
	}
}

// A list shows what was just changed, whichever node is asked; without a leader
// an old copy is better than none, and said to be one.
func TestCtlReadsFromTheLeader(t *testing.T) {
	n := newOpsNode(t)
	dir := n.data(t)
	if status, _, errs := ctlRun("override", "--data", dir); status != 0 || n.asked != "GET /v1/overrides?consistency=leader" || errs != "" {
		t.Errorf("exit %d, asked %s, %s", status, n.asked, errs)
	}
	n.leaderless = true
	if status, _, errs := ctlRun("override", "--data", dir, "--timeout", "200ms"); status != 0 || !strings.Contains(errs, "may be old") {
		t.Errorf("no leader: exit %d, asked %s, %s", status, n.asked, errs)
	}
	if status, _, _ := ctlRun("override", "--data", dir, "--timeout", "200ms", "--consistency", "linearizable"); status != exitNotTaken {
		t.Errorf("a linearizable read without a leader: exit %d", status)
	}
}
