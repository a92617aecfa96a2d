package opsapi_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/problem"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The table of access is made by asking every operation that the API describes
// as everybody, so that a new one that is not in the table fails here, and so
// does one that lets in others than it did.
func TestEveryOperationAsEverybody(t *testing.T) {
	d := newDescribed(t)
	expired := d.operator(plan.Commander)
	known := func() plan.Operator { p, _ := d.node.Plan(); return p.Operators["the-commander"] }()
	d.submit(plan.OperatorSet, plan.SetOperator{Name: known.Name, Role: known.Role, TokenHash: known.TokenHash, ExpiresMS: 1})
	people := []struct{ name, token, query string }{
		{"nobody", "", ""}, {"wrong", "no-such-token", ""}, {"expired", expired, ""},
		{"viewer", d.operator(plan.Viewer), ""}, {"operator", d.operator(plan.OnCall), ""},
		{"proposing", d.operator(plan.OnCall), "?propose=true"}, {"commander", commanderToken, ""},
	}
	all := append(d.operations(), operation{method: http.MethodGet, path: "/v1/watch"}, operation{method: http.MethodGet, path: "/v1/no/such"})
	var table strings.Builder
	for _, o := range all {
		fmt.Fprintf(&table, "%-6s %-38s", o.method, o.path)
		for _, person := range people {
			fmt.Fprintf(&table, " %s:%s", person.name, d.answer(person.token, o.method, o.at("x")+person.query))
		}
		fmt.Fprintln(&table)
	}
	const golden = "testdata/access.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(table.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(table.String(), "\n")); diff != "" {
		t.Errorf("access is not as agreed (-agreed +found); go test -update writes the table anew:\n%s", diff)
	}
	for path, document := range d.document.Paths.Map() {
		for method, o := range document.Operations() {
			if o.Security == nil || len(*o.Security) == 0 || o.Extensions["x-sunbeon-role"] == nil {
				t.Errorf("%s %s describes no security or no role", method, path)
			}
		}
	}
	// The description itself is open to everyone.
	for _, path := range []string{"/openapi.json", "/openapi.yaml"} {
		if got := d.answer("", http.MethodGet, path); got != "in" {
			t.Errorf("%s: %s", path, got)
		}
	}
}

// answer says whether somebody is let in: 401, 403 or in, however it goes on.
func (d *described) answer(token, method, target string) string {
	d.t.Helper()
	req := mustRequest(method, d.ops.URL+target)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	// The failures of one address are counted: everybody comes from another.
	d.address++
	req.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", d.address>>16, d.address>>8&255, d.address&255)
	ctx, cancel := context.WithTimeout(d.t.Context(), 5*time.Second)
	defer cancel()
	recorder := &firstAnswer{header: http.Header{}, end: cancel}
	d.ops.Config.Handler.ServeHTTP(recorder, req.WithContext(ctx))
	switch recorder.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Sprint(recorder.status)
	case http.StatusTooManyRequests, 0:
		d.t.Errorf("%s %s: status %d tells nothing", method, target, recorder.status)
	}
	return "in"
}

// firstAnswer ends a request with the beginning of its answer, as a watch would
// go on for ever.
type firstAnswer struct {
	header http.Header
	status int
	end    func()
}

func (f *firstAnswer) Header() http.Header { return f.header }

func (f *firstAnswer) WriteHeader(status int) {
	if f.status == 0 {
		f.status = status
	}
}

func (f *firstAnswer) Write(b []byte) (int, error) {
	f.WriteHeader(http.StatusOK)
	f.end()
	return len(b), nil
}

func (f *firstAnswer) SetWriteDeadline(time.Time) error { return nil }
func (f *firstAnswer) Flush()                           {}

func TestCommandsAreLimitedByRole(t *testing.T) {
	w := newWorld(t)
	onCall := w.operator(plan.OnCall)
	f := func(name, token string, kind plan.Kind, of any, want int) {
		t.Helper()
		c, err := plan.NewCommand(kind, of)
		if err != nil {
			t.Fatal(err)
		}
		c.Reason, c.Actor = "r", "somebody else"
		if got := w.call(token, http.MethodPost, "/v1/commands", c, nil).StatusCode; got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	f("on-call holds", onCall, plan.HoldSet, plan.SetHold{Scope: plan.All}, 200)
	f("on-call releases", onCall, plan.HoldRelease, plan.ReleaseHold{Scope: plan.All}, 403)
	f("commander releases", commanderToken, plan.HoldRelease, plan.ReleaseHold{Scope: plan.All}, 200)
	f("on-call pauses", onCall, plan.CohortPhase, plan.MovePhase{Cohort: "x", Phase: plan.Paused}, 200)
	f("on-call opens", onCall, plan.CohortPhase, plan.MovePhase{Cohort: "x", Phase: plan.Open}, 403)
	f("a leader's command", commanderToken, plan.SegmentRenew, plan.RenewSegment{Cohort: "x", RateMilli: 1}, 403)
	f("a gate's command", commanderToken, plan.LineReport, plan.ReportLine{Cohort: "x", Gate: "g"}, 403)
	f("an unknown command", commanderToken, "plan.erase", struct{}{}, 403)

	f("on-call holds again", onCall, plan.HoldSet, plan.SetHold{Scope: plan.All}, 200)
	p, _ := w.node.Plan()
	if owner := p.Holds[plan.All].Owner; owner != "the-operator" {
		t.Errorf("the hold's owner is %q, want the token's", owner)
	}
}

func TestExpiredTokenIsUnknown(t *testing.T) {
	w := newWorld(t)
	token := w.operator(plan.Viewer)
	if got := w.call(token, http.MethodGet, "/guarded", nil, nil).StatusCode; got != 200 {
		t.Fatalf("before it expired: %d", got)
	}
	known := func() plan.Operator { p, _ := w.node.Plan(); return p.Operators["the-viewer"] }()
	w.submit(plan.OperatorSet, plan.SetOperator{
		Name: known.Name, Role: known.Role, TokenHash: known.TokenHash, ExpiresMS: time.Now().Add(-time.Second).UnixMilli(),
	})
	if got := w.call(token, http.MethodGet, "/guarded", nil, nil).StatusCode; got != 401 {
		t.Errorf("after it expired: %d, want 401", got)
	}
}

func TestGuessingTokensIsSlowedDown(t *testing.T) {
	w := newWorld(t)
	statuses := map[int]int{}
	var p problem.Problem
	for n := range 15 {
		token := []string{"not-the-token", ""}[n%2]
		resp := w.call(token, http.MethodGet, "/v1/plan", nil, &p)
		statuses[resp.StatusCode]++
		if resp.StatusCode == 429 && (p.RetryAfterMS == 0 || resp.Header.Get("Retry-After") == "" || p.Code != "too_many_failures") {
			t.Errorf("%+v", p)
		}
	}
	if statuses[401] != 10 || statuses[429] != 5 {
		t.Errorf("answers by status: %v, want ten 401 and then 429", statuses)
	}
	// Whoever guesses must not shut out the operators behind the same address.
	if resp := w.call(commanderToken, http.MethodGet, "/v1/plan", nil, nil); resp.StatusCode != 200 {
		t.Errorf("a right token after many wrong ones: %s", resp.Status)
	}
	var got opsapi.Audit
	w.call(commanderToken, http.MethodGet, "/v1/audit/access", nil, &got)
	if len(got.Lines) != 12 {
		t.Errorf("%d lines are kept of 15 denials and two reads, want 12: guessing must not fill the disk", len(got.Lines))
	}
}

func TestOneOperatorCannotKeepANodeBusy(t *testing.T) {
	w := newWorld(t, func(c *opsapi.Config) { c.Rate = 2 })
	viewer := w.operator(plan.Viewer)
	statuses := map[int]int{}
	for range 40 {
		statuses[w.call(viewer, http.MethodGet, "/v1/holds", nil, nil).StatusCode]++
	}
	if statuses[200] < 11 || statuses[429] < 20 {
		t.Errorf("answers by status: %v, want eleven at once and two a second", statuses)
	}
	if resp := w.call(commanderToken, http.MethodGet, "/v1/holds", nil, nil); resp.StatusCode != 200 {
		t.Errorf("another operator: %s", resp.Status)
	}
}

func TestNewRefusesShortToken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "operator.token")
	for _, content := range []string{"", "\n", "short"} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := opsapi.New(opsapi.Config{TokenFile: file}); err == nil {
			t.Errorf("token %q accepted", content)
		}
	}
}
