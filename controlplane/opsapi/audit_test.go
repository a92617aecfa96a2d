package opsapi_test

import (
	"net/http"
	"strings"
	"testing"

	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/plan"
)

func TestReadsAndDenialsAreKept(t *testing.T) {
	w := newWorld(t)
	viewer := w.operator(plan.Viewer)
	w.call(viewer, http.MethodGet, "/v1/cohorts", nil, nil)
	w.call(viewer, http.MethodPut, "/v1/holds/all", body{"reason": "not mine to say"}, nil)
	w.call("not-the-token", http.MethodGet, "/v1/plan", nil, nil)
	var got opsapi.Audit
	w.call(commanderToken, http.MethodGet, "/v1/audit/access", nil, &got)
	var entries []string
	for _, record := range got.Lines {
		entries = append(entries, string(record.Entry))
	}
	all := strings.Join(entries, "\n")
	for _, want := range []string{
		`"operator":"the-viewer","role":"viewer","address":"127.0.0.1","method":"GET","path":"/v1/cohorts"}`,
		`"method":"PUT","path":"/v1/holds/all","denied":"role_not_allowed"`,
		`"path":"/v1/plan","denied":"unauthenticated"`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%s is missing in\n%s", want, all)
		}
	}
	if strings.Contains(all, "not-the-token") {
		t.Error("the journal holds a token")
	}
}

func TestCommandsAreKeptWithTheirResults(t *testing.T) {
	w := newWorld(t)
	w.call(commanderToken, http.MethodPut, "/v1/holds/all", body{"reason": "wrong doses shown"}, nil)
	w.call(commanderToken, http.MethodPut, "/v1/holds/nobody", body{"reason": "a slip"}, nil)
	var got opsapi.Audit
	w.call(commanderToken, http.MethodGet, "/v1/audit/commands", nil, &got)
	if len(got.Lines) != 2 || got.Last != got.Lines[1].Index || got.Chain != got.Lines[1].Chain {
		t.Fatalf("audit %+v", got)
	}
	if e := string(got.Lines[0].Entry); !strings.Contains(e, "wrong doses shown") || !strings.Contains(e, `"ok":true`) {
		t.Errorf("entry %s", e)
	}
	if e := string(got.Lines[1].Entry); !strings.Contains(e, plan.NotFound) {
		t.Errorf("entry of a refused command: %s", e)
	}
}
