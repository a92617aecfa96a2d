package opsapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/standing"
	"sunbeon/internal/problem"
)

type body map[string]any

func TestOverrideIsSetAndHandedBack(t *testing.T) {
	w := newWorld(t)
	resp := w.call(commanderToken, http.MethodPut, "/v1/overrides/admission",
		body{"reason": "stock is slow", "value": 5000, "for_ms": 60_000}, nil)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("set: %s", resp.Status)
	}
	var admission opsapi.AdmissionStatus
	w.call(commanderToken, http.MethodGet, "/v1/admission?consistency=linearizable", nil, &admission)
	o := admission.Override
	if o == nil || o.Value != 5000 || o.Owner != "operator" || o.Reason != "stock is slow" {
		t.Fatalf("override %+v", o)
	}
	if left := time.Until(time.UnixMilli(o.UntilMS)); left > time.Minute || left < 50*time.Second {
		t.Errorf("it ends in %v, want in a minute", left)
	}
	resp = w.call(commanderToken, http.MethodDelete, "/v1/overrides/admission?reason=over", nil, nil)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("clear: %s", resp.Status)
	}
	admission = opsapi.AdmissionStatus{}
	w.call(commanderToken, http.MethodGet, "/v1/admission", nil, &admission)
	if admission.Override != nil {
		t.Errorf("still overridden: %+v", admission.Override)
	}
}

// notGreen is what a test's cluster of one node without gates cannot show.
var notGreen = []string{"gate", "WAS", "approvers", "break-glass", "test persons", "control plane", "disk", "certificates"}

func TestCohortGoesThroughItsEvening(t *testing.T) {
	w := newWorld(t)
	change := func(method, path string, in body) {
		t.Helper()
		var p problem.Problem
		if resp := w.call(commanderToken, method, path, in, &p); resp.StatusCode != http.StatusOK {
			t.Fatalf("%s %s: %v", method, path, &p)
		}
	}
	phase := func(want plan.Phase) {
		t.Helper()
		var s standing.Standing
		w.call(commanderToken, http.MethodGet, "/v1/cohorts/tonight", nil, &s)
		if s.Cohort.Phase != want {
			t.Fatalf("phase %q, want %q", s.Cohort.Phase, want)
		}
	}
	c := cohort("tonight")
	change(http.MethodPut, "/v1/cohorts/tonight", body{"reason": "a new evening", "cohort": c})
	phase(plan.Scheduled)
	change(http.MethodPost, "/v1/cohorts/tonight/approve", body{"reason": "a world of one node", "accept": notGreen})
	change(http.MethodPost, "/v1/cohorts/tonight/postpone", body{"reason": "doses are late", "open_ms": c.OpenMS + 60_000})
	var list opsapi.Cohorts
	w.call(commanderToken, http.MethodGet, "/v1/cohorts", nil, &list)
	if len(list.Cohorts) != 1 || list.Cohorts[0].Cohort.OpenMS != c.OpenMS+60_000 {
		t.Errorf("cohorts %+v", list)
	}
}

func TestRefusalsAreProblemsWithCodes(t *testing.T) {
	w := newWorld(t)
	f := func(name, method, path string, in any, status int, code string) {
		t.Helper()
		var p problem.Problem
		resp := w.call(commanderToken, method, path, in, &p)
		if resp.StatusCode != status || p.Code != code {
			t.Errorf("%s: %d %q (%s), want %d %q", name, resp.StatusCode, p.Code, p.Detail, status, code)
		}
		if got := resp.Header.Get("Content-Type"); got != problem.ContentType {
			t.Errorf("%s: Content-Type %q", name, got)
		}
	}
	f("no reason", http.MethodPut, "/v1/holds/all", body{}, 422, "malformed")
	f("empty reason", http.MethodPut, "/v1/holds/all", body{"reason": ""}, 422, "malformed")
	f("no reason on a DELETE", http.MethodDelete, "/v1/overrides/admission", nil, 422, "malformed")
	f("unknown field", http.MethodPut, "/v1/holds/all", body{"reason": "r", "until": 3}, 422, "malformed")
	f("no such cohort", http.MethodGet, "/v1/cohorts/nobody", nil, 404, plan.NotFound)
	f("refused by the plan", http.MethodPost, "/v1/cohorts/nobody/pause", body{"reason": "r"}, 404, plan.NotFound)
	f("override for ever", http.MethodPut, "/v1/overrides/admission",
		body{"reason": "r", "value": 1, "for_ms": 1 << 40}, 422, "malformed")
	f("no such actuator", http.MethodPut, "/v1/overrides/weather", body{"reason": "r", "value": 1, "for_ms": 1000}, 422, "malformed")
	f("no such consistency", http.MethodGet, "/v1/plan?consistency=perfect", nil, 422, "malformed")
}

func TestChangeIsRefusedWhenItsTargetChangedSince(t *testing.T) {
	w := newWorld(t)
	var admission opsapi.AdmissionStatus
	seen := w.call(commanderToken, http.MethodGet, "/v1/admission", nil, &admission).Header.Get("Sunbeon-Index")
	if seen == "" {
		t.Fatal("no Sunbeon-Index")
	}
	set := body{"reason": "first", "value": 5000, "for_ms": 60_000}
	var done opsapi.Done
	w.call(commanderToken, http.MethodPut, "/v1/overrides/admission", set, &done)
	var p problem.Problem
	resp := w.call(commanderToken, http.MethodPut, "/v1/overrides/admission",
		body{"reason": "second, late", "value": 9000, "for_ms": 60_000, "seen": done.Index - 1}, &p)
	if resp.StatusCode != http.StatusConflict || p.Code != plan.ChangedSince {
		t.Errorf("%d %s, want 409 %s", resp.StatusCode, p.Code, plan.ChangedSince)
	}
}

func TestSameKeyChangesOnce(t *testing.T) {
	w := newWorld(t)
	send := func(method, path, raw, code string) {
		t.Helper()
		if got := w.under("Idempotency-Key", "the-same", method, path, raw); got != code {
			t.Errorf("%s %s %s: %q, want %q", method, path, raw, got, code)
		}
	}
	w.call(commanderToken, http.MethodPut, "/v1/holds/all", body{"reason": "stop"}, nil)
	send(http.MethodDelete, "/v1/holds/all?reason=over", "", "")
	// Without the key the second one would be refused: nothing is held.
	send(http.MethodDelete, "/v1/holds/all?reason=over", "", "")
	// Something else under the key must not pass for done.
	send(http.MethodDelete, "/v1/holds/all?reason=other", "", plan.RequestReused)
	send(http.MethodPut, "/v1/holds/all", `{"reason":"stop"}`, plan.RequestReused)
}

// HTTP's own way to say what one looked at counts as well as ours.
func TestIfMatchIsObeyed(t *testing.T) {
	w := newWorld(t)
	var done opsapi.Done
	w.call(commanderToken, http.MethodPut, "/v1/overrides/admission", body{"reason": "first", "value": 5000, "for_ms": 60_000}, &done)
	f := func(match, code string) {
		t.Helper()
		got := w.under("If-Match", match, http.MethodPut, "/v1/overrides/admission", `{"reason":"second","value":9000,"for_ms":60000}`)
		if got != code {
			t.Errorf("%s: %q, want %q", match, got, code)
		}
	}
	f(fmt.Sprintf("%q", fmt.Sprint(done.Index-1)), plan.ChangedSince)
	f("*", "malformed")
	f(`W/"1"`, "malformed")
	f(fmt.Sprintf("%q", fmt.Sprint(done.Index)), "")
}

// under sends a commander's change with one more header and tells how it was
// refused.
func (w *world) under(header, value, method, path, raw string) (code string) {
	w.t.Helper()
	req, err := http.NewRequest(method, w.ops.URL+path, strings.NewReader(raw))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+commanderToken)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(header, value)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		return ""
	}
	return problem.Read(resp).Code
}

func TestPlanDocumentHoldsNoTokenHash(t *testing.T) {
	w := newWorld(t)
	w.operator(plan.Viewer)
	var document map[string]any
	w.call(commanderToken, http.MethodGet, "/v1/plan", nil, &document)
	if _, there := document["operators"]; there {
		t.Error("the document lists operators")
	}
	if _, there := document["cohorts"]; !there {
		t.Errorf("document without cohorts: %v", document)
	}
}

func TestAWrongMethodTellsTheRightOnes(t *testing.T) {
	w := newWorld(t)
	f := func(method, path string, status int, code, allow string) {
		t.Helper()
		var p problem.Problem
		resp := w.call(commanderToken, method, path, nil, &p)
		if resp.StatusCode != status || p.Code != code || resp.Header.Get("Allow") != allow {
			t.Errorf("%s %s: %d %q, Allow %q", method, path, resp.StatusCode, p.Code, resp.Header.Get("Allow"))
		}
	}
	f(http.MethodPost, "/v1/plan", 405, "method_not_allowed", "GET, HEAD")
	f(http.MethodDelete, "/v1/watch", 405, "method_not_allowed", "GET, HEAD")
	f(http.MethodGet, "/v1/commands", 405, "method_not_allowed", "POST")
	f(http.MethodGet, "/v1/overrides/admission", 405, "method_not_allowed", "PUT, DELETE")
	f(http.MethodGet, "/v1/no/such", 404, "no_such_operation", "")
	if resp := w.call("", http.MethodPost, "/v1/plan", nil, nil); resp.StatusCode != 401 || resp.Header.Get("Allow") != "" {
		t.Errorf("nobody learns which methods there are: %s", resp.Status)
	}
}
