package opsapi_test

import (
	"net/http"
	"testing"
	"time"

	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/problem"
)

func TestAPassIsRevoked(t *testing.T) {
	w := newWorld(t)
	w.call(w.operator(plan.OnCall), http.MethodPut, "/v1/revocations/5f0c9d", body{"reason": "bought", "for_ms": 3_600_000}, nil)
	var list opsapi.Revocations
	w.call(commanderToken, http.MethodGet, "/v1/revocations", nil, &list)
	if len(list.Revocations) != 1 || list.Revocations[0].ID != "5f0c9d" || list.Revocations[0].Reason != "bought" {
		t.Fatalf("%+v", list)
	}
	if left := time.Until(time.UnixMilli(list.Revocations[0].UntilMS)); left > time.Hour || left < 59*time.Minute {
		t.Errorf("remembered for %v", left)
	}
}

func TestTheClustersVersionIsRaisedOnlyToWhatIsKnown(t *testing.T) {
	w := newWorld(t)
	var c opsapi.ClusterVersion
	w.call(commanderToken, http.MethodGet, "/v1/cluster", nil, &c)
	if c.Known != plan.Version || c.Cluster.MinVersion > c.Known {
		t.Errorf("%+v", c)
	}
	raise := func(to int) string {
		var p problem.Problem
		w.call(commanderToken, http.MethodPatch, "/v1/cluster", body{"reason": "upgraded", "min_version": to}, &p)
		return p.Code
	}
	if code := raise(c.Known); code != "" {
		t.Errorf("to what every node knows: %s", code)
	}
	if code := raise(c.Known + 1); code != plan.Gated {
		t.Errorf("to what no node knows: %q", code)
	}
}
