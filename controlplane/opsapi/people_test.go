package opsapi_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/problem"
)

func tokenOf(name string) (token, hash string) {
	token = strings.Repeat(name, 16)
	sum := sha256.Sum256([]byte(token))
	return token, hex.EncodeToString(sum[:])
}

// staff names two commanders and an operator through the API, by the
// installation's token.
func (w *world) staff() {
	w.t.Helper()
	for name, role := range map[string]plan.Role{"park": plan.OnCall, "kim": plan.Commander} {
		w.name(name, role)
	}
	w.name("lee", plan.Commander) // last: from now on naming takes two
}

func (w *world) name(name string, role plan.Role) {
	w.t.Helper()
	_, hash := tokenOf(name)
	w.as("", http.StatusOK, http.MethodPut, "/v1/operators/"+name, body{"reason": "tonight's staff", "role": role, "token_hash": hash})
}

// as calls in somebody's name, or with the installation's token, and wants a
// status.
func (w *world) as(name string, status int, method, path string, in body) (done opsapi.Done) {
	w.t.Helper()
	token := commanderToken
	if name != "" {
		token, _ = tokenOf(name)
	}
	var raw struct {
		opsapi.Done
		Code string `json:"code"`
	}
	if resp := w.call(token, method, path, in, &raw); resp.StatusCode != status {
		w.t.Errorf("%s %s as %q: %d %s, want %d", method, path, name, resp.StatusCode, raw.Code, status)
	}
	return raw.Done
}

func TestTwoPeopleLoosen(t *testing.T) {
	w := newWorld(t)
	w.staff()
	why := body{"reason": "stock is back"}
	w.as("park", 200, http.MethodPut, "/v1/holds/all", why)
	w.as("kim", 403, http.MethodDelete, "/v1/holds/all?reason=over", nil)

	// The operator proposes what only a commander may do, and a commander approves.
	proposed := w.as("park", 200, http.MethodDelete, "/v1/holds/all?reason=over&propose=true", nil).Detail
	w.as("park", 403, http.MethodPost, "/v1/proposals/"+proposed+"/approve", why)
	var list opsapi.Proposals
	token, _ := tokenOf("kim")
	w.call(token, http.MethodGet, "/v1/proposals?pending=true", nil, &list)
	if !list.Paired || len(list.Proposals) != 1 || list.Proposals[0].By != "park" {
		t.Errorf("proposals %+v", list)
	}
	w.as("kim", 200, http.MethodPost, "/v1/proposals/"+proposed+"/approve", why)
	if p, _ := w.node.Plan(); len(p.Holds) != 0 {
		t.Errorf("holds %v", p.Holds)
	}
	own := w.as("kim", 200, http.MethodPatch, "/v1/admission?propose=true", body{"reason": "tested", "max_milli": 2_000_000}).Detail
	w.as("kim", 403, http.MethodPost, "/v1/proposals/"+own+"/approve", why)
	w.as("park", 200, http.MethodPost, "/v1/proposals/"+own+"/withdraw", why)
	w.as("lee", 409, http.MethodPost, "/v1/proposals/"+own+"/approve", why)
}

func TestTokensAreIssuedRotatedAndRevoked(t *testing.T) {
	w := newWorld(t)
	w.staff()
	next, hash := tokenOf("kims-next")
	rotate := body{"reason": "monthly", "token_hash": hash}
	w.as("lee", 403, http.MethodPost, "/v1/operators/kim/token", rotate)
	w.as("", 403, http.MethodPost, "/v1/operators/operator/token", rotate)
	w.as("kim", 200, http.MethodPost, "/v1/operators/kim/token", rotate)
	w.as("kim", 401, http.MethodGet, "/v1/operators", nil)
	var people opsapi.People
	if resp := w.call(next, http.MethodGet, "/v1/operators", nil, &people); resp.StatusCode != 200 ||
		people.You.Name != "kim" || len(people.People) != 3 {
		t.Errorf("%s %+v", resp.Status, people)
	}
	w.as("lee", 200, http.MethodDelete, "/v1/operators/park?reason=left", nil)
	w.as("park", 401, http.MethodGet, "/v1/operators", nil)
	w.as("lee", 422, http.MethodPut, "/v1/operators/Nobody%20Else", body{"reason": "r", "role": "viewer", "token_hash": hash})
	w.as("lee", 422, http.MethodPut, "/v1/operators/choi", body{"reason": "r", "role": "viewer", "token_hash": "short"})
}

// One token tells one person, whichever way a second would come by it.
func TestATokenIsOnePersons(t *testing.T) {
	w := newWorld(t)
	w.staff()
	_, kims := tokenOf("kim")
	sum := sha256.Sum256([]byte(commanderToken))
	for _, taken := range []string{kims, hex.EncodeToString(sum[:])} {
		name := body{"reason": "r", "role": "commander", "token_hash": taken}
		w.as("kim", 409, http.MethodPut, "/v1/operators/choi?propose=true", name)
		w.as("lee", 409, http.MethodPost, "/v1/operators/lee/token", body{"reason": "r", "token_hash": taken})
		w.as("lee", 409, http.MethodPost, "/v1/commands", body{
			"kind": plan.OperatorSet, "reason": "r",
			"body": body{"name": "lee", "role": "commander", "token_hash": taken},
		})
	}
	w.as("kim", 200, http.MethodPost, "/v1/operators/kim/token", body{"reason": "for longer", "token_hash": kims})
}

func TestUndoOverTheAPI(t *testing.T) {
	w := newWorld(t)
	at := w.as("", 200, http.MethodPatch, "/v1/admission", body{"reason": "slower", "rate_milli": 3_000}).Index
	var undos opsapi.Undos
	w.call(commanderToken, http.MethodGet, "/v1/changes", nil, &undos)
	if len(undos.Changes) != 1 || undos.Changes[0].At != at || undos.Changes[0].Reason != "slower" {
		t.Fatalf("changes %+v", undos)
	}
	w.as("", 404, http.MethodPost, "/v1/changes/1/undo", body{"reason": "nothing there"})
	before, _ := w.node.Plan()
	w.as("", 200, http.MethodPost, "/v1/changes/"+strconv.FormatUint(at, 10)+"/undo", body{"reason": "a mistake"})
	if p, _ := w.node.Plan(); p.Admission.RateMilli == before.Admission.RateMilli {
		t.Errorf("admission %+v", p.Admission)
	}
}

func TestHandoverTellsWhatIsGoingOn(t *testing.T) {
	w := newWorld(t)
	id := w.as("", 200, http.MethodPost, "/v1/incidents", body{"reason": "alert", "title": "stock is slow", "severity": 2}).Detail
	w.as("", 200, http.MethodPatch, "/v1/incidents/"+id, body{"reason": "work", "roles": body{"commander": "kim"},
		"runbooks": body{"StockSlow": 2}, "note": "called the ministry"})
	w.as("", 422, http.MethodPost, "/v1/incidents", body{"reason": "alert", "title": "worse", "severity": 9})
	w.as("", 200, http.MethodPost, "/v1/handover", body{"reason": "shift", "text": "watch the stock"})
	w.as("", 200, http.MethodPut, "/v1/holds/all", body{"reason": "stop"})
	var got opsapi.Handover
	w.call(commanderToken, http.MethodGet, "/v1/handover", nil, &got)
	if len(got.Incidents) != 1 || got.Incidents[0].Runbooks["StockSlow"] != 2 || len(got.Notes) != 1 || len(got.Holds) != 1 || len(got.Changes) != 1 {
		t.Errorf("handover %+v", got)
	}
	w.as("", 200, http.MethodPatch, "/v1/incidents/"+id, body{"reason": "over", "close": true})
	got = opsapi.Handover{}
	w.call(commanderToken, http.MethodGet, "/v1/handover", nil, &got)
	if len(got.Incidents) != 0 {
		t.Errorf("a closed incident is handed over: %+v", got.Incidents)
	}
}

func TestNobodyOpensWithoutAGreenPreflight(t *testing.T) {
	w := newWorld(t)
	w.staff()
	w.submit(plan.CohortDefine, plan.DefineCohort{Cohort: cohort("tonight")})
	approve := func(status int, accept []string) {
		t.Helper()
		w.as("kim", status, http.MethodPost, "/v1/cohorts/tonight/approve", body{"reason": "ready", "accept": accept})
	}
	approve(409, nil)
	approve(409, []string{"gate"})
	command, err := plan.NewCommand(plan.CohortApprove, plan.ApproveCohort{Cohort: "tonight"})
	if err != nil {
		t.Fatal(err)
	}
	w.as("kim", 409, http.MethodPost, "/v1/commands", body{"kind": command.Kind, "body": command.Body, "reason": "around it"})
	approve(200, notGreen)
	if p, _ := w.node.Plan(); len(p.Cohorts["tonight"].Accepted) != 1 || p.Cohorts["tonight"].Accepted[0].By != "kim" {
		t.Errorf("accepted: %+v", p.Cohorts["tonight"].Accepted)
	}

	// An opening by hand is looked at when it is proposed, and when it runs.
	w.submit(plan.CohortPhase, plan.MovePhase{Cohort: "tonight", Phase: plan.Lobby})
	open := body{"reason": "early", "accept": notGreen}
	w.as("kim", 409, http.MethodPost, "/v1/cohorts/tonight/open?propose=true", body{"reason": "early"})
	proposed := w.as("kim", 200, http.MethodPost, "/v1/cohorts/tonight/open?propose=true", open).Detail
	w.submit(plan.IncidentOpen, plan.OpenIncident{Title: "stock is slow", Severity: 2})
	var p problem.Problem
	token, _ := tokenOf("lee")
	w.call(token, http.MethodPost, "/v1/proposals/"+proposed+"/approve", body{"reason": "fine"}, &p)
	if p.Code != "preflight_not_green" || !strings.Contains(p.Detail, "no incident") {
		t.Errorf("an incident since: %+v", p)
	}
	w.as("kim", 200, http.MethodPost, "/v1/cohorts/tonight/open?propose=true",
		body{"reason": "early", "accept": append([]string{"no incident"}, notGreen...)})
}

func TestTrialsAreWhatPreflightGoesBy(t *testing.T) {
	w := newWorld(t)
	w.submit(plan.CohortDefine, plan.DefineCohort{Cohort: cohort("tonight")})
	w.submit(plan.InstanceRegister, plan.RegisterInstance{ID: "gate-1", Kind: plan.KindGate, State: plan.Ready})
	want := func(name, answer string) {
		t.Helper()
		var got opsapi.Preflight
		w.call(commanderToken, http.MethodGet, "/v1/preflight/tonight", nil, &got)
		for _, check := range got.Checks {
			if check.Name == name && check.Answer != answer {
				t.Errorf("%s: %s (%s), want %s", name, check.Answer, check.Detail, answer)
			}
		}
	}
	trial := func(check, subject string, ok bool) {
		t.Helper()
		w.as("", 200, http.MethodPost, "/v1/trials", body{"reason": "before tonight", "check": check, "subject": subject, "ok": ok, "detail": "told"})
	}
	want("break-glass", "unknown")
	trial("break-glass", "gate-1", true)
	want("break-glass", "pass")
	w.submit(plan.InstanceRegister, plan.RegisterInstance{ID: "gate-2", Kind: plan.KindGate, State: plan.Ready})
	want("break-glass", "unknown")
	trial("break-glass", "gate-2", false)
	want("break-glass", "fail")
	want("test persons", "unknown")
	trial("test persons", "tonight", true)
	want("test persons", "pass")
	again := cohort("tonight")
	again.BirthTo = "2001-12-31"
	w.submit(plan.CohortDefine, plan.DefineCohort{Cohort: again})
	want("test persons", "unknown")
	w.as("", 422, http.MethodPost, "/v1/trials", body{"reason": "r", "check": "weather", "subject": "x", "ok": true})
}

func TestPreflightSaysNoUntilEverythingIsThere(t *testing.T) {
	w := newWorld(t)
	c := cohort("tonight")
	w.submit(plan.CohortDefine, plan.DefineCohort{Cohort: c})
	look := func() (opsapi.Preflight, map[string]string) {
		var got opsapi.Preflight
		w.call(commanderToken, http.MethodGet, "/v1/preflight/tonight", nil, &got)
		answers := map[string]string{}
		for _, check := range got.Checks {
			answers[check.Name] = check.Answer
		}
		return got, answers
	}
	want := func(name, answer string) {
		t.Helper()
		if _, answers := look(); answers[name] != answer {
			t.Errorf("%s: %q, want %q", name, answers[name], answer)
		}
	}
	if got, _ := look(); got.Go {
		t.Errorf("go, with nothing there: %+v", got.Checks)
	}
	want("approved", "fail")
	w.submit(plan.CohortApprove, plan.ApproveCohort{Cohort: "tonight"})
	want("approved", "pass")
	want("gate", "fail")
	w.submit(plan.InstanceRegister, plan.RegisterInstance{ID: "gate-1", Kind: plan.KindGate, State: plan.Ready})
	want("gate", "pass")
	want("no hold", "pass")
	w.submit(plan.HoldSet, plan.SetHold{Scope: plan.All})
	want("no hold", "fail")
	want("control plane", "fail") // one voter survives nothing
	want("approvers", "unknown")
	var p problem.Problem
	if resp := w.call(commanderToken, http.MethodGet, "/v1/preflight/nobody", nil, &p); resp.StatusCode != 404 {
		t.Errorf("%s", resp.Status)
	}
}
