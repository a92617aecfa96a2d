package opsapi_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/problem"
)

// open is what may be asked without a token.
var open = map[string]bool{"/openapi.json": true, "/openapi.yaml": true}

// The table of access is made from the API's own description, so that an
// endpoint without a rule fails here.
func TestEveryEndpointAsksForItsRole(t *testing.T) {
	w := newWorld(t)
	var description struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			Role     plan.Role             `json:"x-sunbeon-role"`
			Security []map[string][]string `json:"security"`
		}
	}
	w.call("", http.MethodGet, "/openapi.json", nil, &description)
	if !strings.HasPrefix(description.OpenAPI, "3.1") {
		t.Fatalf("OpenAPI %q", description.OpenAPI)
	}
	if len(description.Paths) < 20 {
		t.Fatalf("%d paths described", len(description.Paths))
	}
	tokens := map[plan.Role]string{
		"":             "",
		plan.Viewer:    w.operator(plan.Viewer),
		plan.OnCall:    w.operator(plan.OnCall),
		plan.Commander: commanderToken,
	}
	ranks := map[plan.Role]int{"": 0, plan.Viewer: 1, plan.OnCall: 2, plan.Commander: 3}
	parameter := regexp.MustCompile(`\{[^}]+\}`)
	for path, operations := range description.Paths {
		for method, operation := range operations {
			if ranks[operation.Role] == 0 || len(operation.Security) == 0 {
				t.Errorf("%s %s names no role or no security", method, path)
				continue
			}
			if path == "/v1/watch" {
				continue // does not end; see the tests of the watch
			}
			for role, token := range tokens {
				resp := w.call(token, strings.ToUpper(method), parameter.ReplaceAllString(path, "x"), nil, nil)
				got := resp.StatusCode
				refused := got == http.StatusUnauthorized || got == http.StatusForbidden
				switch {
				case role == "" && got != http.StatusUnauthorized:
					t.Errorf("%s %s without a token: %d, want 401", method, path, got)
				case role != "" && (ranks[role] < ranks[operation.Role]) != (got == http.StatusForbidden):
					// The body of a command is looked at before its role is known to do.
					if path == "/v1/commands" && ranks[role] >= ranks[operation.Role] && got == http.StatusBadRequest {
						continue
					}
					t.Errorf("%s %s as %s: %d, it asks for %s", method, path, role, got, operation.Role)
				case role == plan.Commander && refused:
					t.Errorf("%s %s as commander: %d", method, path, got)
				}
			}
		}
	}
	for path := range open {
		if got := w.call("", http.MethodGet, path, nil, nil).StatusCode; got != http.StatusOK {
			t.Errorf("%s: %d", path, got)
		}
	}
}

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
	for range 15 {
		statuses[w.call("not-the-token", http.MethodGet, "/v1/plan", nil, nil).StatusCode]++
	}
	if statuses[401] != 10 || statuses[429] != 5 {
		t.Errorf("answers by status: %v, want ten 401 and then 429", statuses)
	}
	var p problem.Problem
	resp := w.call(commanderToken, http.MethodGet, "/v1/plan", nil, &p)
	if resp.StatusCode != 429 || p.RetryAfterMS == 0 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("a right token after many wrong ones: %d %+v, want 429 with a time to retry", resp.StatusCode, p)
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
