package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"sunbeon/internal/problem"
)

// opsNode answers every request alike and remembers the last one.
type opsNode struct {
	*httptest.Server
	status int
	answer string
	asked  string
	body   map[string]any
	token  string
	keyed  bool
	index  string
	// leaderless answers stale reads only.
	leaderless bool
}

func newOpsNode(t *testing.T) *opsNode {
	n := &opsNode{status: http.StatusOK, answer: `{"index":7}`}
	n.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.asked = r.Method + " " + r.URL.RequestURI()
		n.token = r.Header.Get("Authorization")
		n.keyed = r.Header.Get("Idempotency-Key") != ""
		n.body = nil
		if raw, _ := io.ReadAll(r.Body); len(raw) > 0 {
			json.Unmarshal(raw, &n.body)
		}
		if n.leaderless && r.URL.Query().Get("consistency") != "stale" {
			problem.Write(w, http.StatusServiceUnavailable, "not_taken", "no leader")
			return
		}
		if n.status != http.StatusOK {
			codes := map[int]string{http.StatusConflict: "conflict", http.StatusServiceUnavailable: "not_taken", http.StatusGatewayTimeout: "unknown_outcome"}
			problem.Write(w, n.status, codes[n.status], "said the test")
			return
		}
		w.Header().Set("Sunbeon-Index", n.index)
		io.WriteString(w, n.answer)
	}))
	t.Cleanup(n.Close)
	return n
}

// data is a data directory as `up` leaves it: a node that is gone, then n.
func (n *opsNode) data(t *testing.T) string {
	t.Helper()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	dir := t.TempDir()
	addresses, _ := json.Marshal(map[string][]string{"controlplane": {gone.URL, n.URL}})
	for name, content := range map[string]string{"addresses.json": string(addresses), "operator.token": "a-token\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func ctlRun(args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = Main(append([]string{"ctl"}, args...), &out, &errs)
	return status, out.String(), errs.String()
}

func TestCtlAsksTheAPI(t *testing.T) {
	n := newOpsNode(t)
	dir := n.data(t)
	f := func(line, asked string, body map[string]any) {
		t.Helper()
		status, out, errs := ctlRun(append(strings.Fields(line), "--data", dir)...)
		if status != 0 {
			t.Errorf("%s: exit %d: %s", line, status, errs)
		}
		if n.asked != asked {
			t.Errorf("%s: asked %s, want %s", line, n.asked, asked)
		}
		if diff := cmp.Diff(body, n.body); diff != "" {
			t.Errorf("%s: body (-want +sent):\n%s", line, diff)
		}
		if n.token != "Bearer a-token" || !n.keyed {
			t.Errorf("%s: token %q, keyed %v", line, n.token, n.keyed)
		}
		if !strings.Contains(out, "(index 7)") {
			t.Errorf("%s: printed %q", line, out)
		}
	}
	f("override set admission 40.5 --for 10m --reason slow", "PUT /v1/overrides/admission",
		map[string]any{"value": 40500.0, "for_ms": 600_000.0, "reason": "slow"})
	f("override set replicas 6 --reason test", "PUT /v1/overrides/replicas",
		map[string]any{"value": 6.0, "for_ms": 600_000.0, "reason": "test"})
	f("override clear admission --reason over", "DELETE /v1/overrides/admission?reason=over", nil)
	f("hold --reason stop", "PUT /v1/holds/all", map[string]any{"reason": "stop"})
	f("hold tonight --reason stop", "PUT /v1/holds/tonight", map[string]any{"reason": "stop"})
	f("release tonight --reason go", "DELETE /v1/holds/tonight?reason=go", nil)
	f("freeze admission --for 1h --reason look", "PUT /v1/freezes/admission",
		map[string]any{"for_ms": 3_600_000.0, "reason": "look"})
	f("unfreeze --reason done", "DELETE /v1/freezes/all?reason=done", nil)
	f("admission set --max 200 --tau 20s --reason r", "PATCH /v1/admission",
		map[string]any{"max_milli": 200_000.0, "tau_ms": 20_000.0, "reason": "r"})
	f("replicas set --desired 3 --reason r", "PATCH /v1/replicas", map[string]any{"desired": 3.0, "reason": "r"})
	f("cohorts pause tonight --reason r", "POST /v1/cohorts/tonight/pause", map[string]any{"reason": "r"})
	f("cohorts postpone tonight --to 2021-07-19T20:30:00+09:00 --reason r", "POST /v1/cohorts/tonight/postpone",
		map[string]any{"open_ms": 1626694200000.0, "reason": "r"})
}

func TestCtlCalledWrongly(t *testing.T) {
	n := newOpsNode(t)
	dir := n.data(t)
	f := func(line, want string) {
		t.Helper()
		status, _, errs := ctlRun(append(strings.Fields(line), "--data", dir)...)
		if status != 2 || !strings.Contains(errs, want) {
			t.Errorf("%s: exit %d, %q; want 2 and %q", line, status, errs, want)
		}
		if n.asked != "" {
			t.Errorf("%s: asked %s all the same", line, n.asked)
		}
	}
	f("hold", "--reason")
	f("override set admission fast --reason r", "not a rate")
	f("override set replicas 2.5 --reason r", "not a number of processes")
	f("override set admission --reason r", "accepts 2 arg(s)")
	f("admission set --reason r", "name what to change")
	f("cohorts postpone tonight --reason r", "--by or --to")
	f("status --frobnicate", "unknown flag")
}

func TestCtlTellsRefusals(t *testing.T) {
	n := newOpsNode(t)
	n.status = http.StatusConflict
	status, _, errs := ctlRun("hold", "--reason", "r", "--data", n.data(t))
	if status != 1 || !strings.Contains(errs, "refused (conflict): said the test") {
		t.Errorf("exit %d, %q", status, errs)
	}
	status, _, errs = ctlRun("status", "--data", t.TempDir())
	if status != 1 || !strings.Contains(errs, "sunbeon up") {
		t.Errorf("no system there: exit %d, %q", status, errs)
	}
}

func TestCtlPrints(t *testing.T) {
	n := newOpsNode(t)
	dir := n.data(t)
	n.answer = `{"members":[{"id":"node-1","leader":true,"voter":true,"address":"a","private_url":"p"}],"term":3,"node":"node-2","index":44}`
	status, out, errs := ctlRun("members", "--data", dir)
	if status != 0 || !strings.Contains(out, "node-1  leader  yes") || !strings.Contains(out, "term 3, index 44, told by node-2") {
		t.Errorf("exit %d: %s%s", status, out, errs)
	}
	_, out, _ = ctlRun("members", "--data", dir, "--json")
	var decoded map[string]any
	if err := json.Unmarshal([]byte(out), &decoded); err != nil || decoded["term"] != 3.0 {
		t.Errorf("--json printed %q: %v", out, err)
	}
}

// Whoever may write a title must not command the terminals it is read on.
func TestCtlPrintsNoControlCharacters(t *testing.T) {
	n := newOpsNode(t)
	dir := n.data(t)
	const evil = `\u001b]52;c;aGk=\u0007\u001b[2J\u009b31m\r\u007f`
	for line, answer := range map[string]string{
		"incidents":       `{"incidents":[{"id":"1","title":"` + evil + `","notes":[{"text":"` + evil + `","actor":"kim"}],"drafts":{"web":"` + evil + `"},"roles":{"` + evil + `":"` + evil + `"}}]}`,
		"members":         `{"members":[{"id":"` + evil + `","address":"` + evil + `"}],"node":"` + evil + `"}`,
		"hold --reason r": `{"index":7,"detail":"` + evil + `"}`,
		"cohorts":         `{"cohorts":[{"cohort":{"id":"` + evil + `"}}]}`,
	} {
		n.answer = answer
		_, out, errs := ctlRun(append(strings.Fields(line), "--data", dir)...)
		if i := strings.IndexFunc(out+errs, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }); i >= 0 {
			t.Errorf("%s prints %q", line, (out + errs)[i:])
		}
		if !strings.Contains(out, "]52;c;aGk=") {
			t.Errorf("%s shows nothing of it: %q%q", line, out, errs)
		}
	}
}

func TestCtlStatusWaitsForALeaderOnce(t *testing.T) {
	n := newOpsNode(t)
	n.leaderless, n.answer = true, `{}`
	began := time.Now()
	status, _, errs := ctlRun("status", "--data", n.data(t))
	if status != 0 || strings.Count(errs, "no leader answers") != 1 {
		t.Errorf("exit %d, %q", status, errs)
	}
	if took := time.Since(began); took > 2*leaderPatience {
		t.Errorf("it took %v", took)
	}
}
