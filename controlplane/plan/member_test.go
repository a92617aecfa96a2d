package plan_test

import (
	"fmt"
	"testing"

	"sunbeon/controlplane/plan"
)

func TestMembersAreWantedAndUnwanted(t *testing.T) {
	e := newEvening(t)
	fourth := plan.AddMember{ID: "node-4", Address: "10.0.0.4:8811", PrivateURL: "https://10.0.0.4:8808"}
	e.must(plan.MemberAdd, fourth)
	e.refused(plan.Conflict, plan.MemberAdd, plan.AddMember{ID: "node-5", Address: fourth.Address, PrivateURL: "https://10.0.0.5:8808"})
	e.refused(plan.Malformed, plan.MemberAdd, plan.AddMember{ID: "node-5", Address: "10.0.0.5:8811", PrivateURL: "http://10.0.0.5"})
	e.must(plan.MemberRemove, plan.RemoveMember{ID: "node-4"})
	e.must(plan.MemberRemove, plan.RemoveMember{ID: "node-1"}) // one the cluster was founded with
	if !e.plan.Members["node-4"].Removed || !e.plan.Members["node-1"].Removed {
		t.Errorf("members %+v", e.plan.Members)
	}
	e.must(plan.MemberAdd, fourth)
	if m := e.plan.Members["node-4"]; m.Removed || m.PrivateURL != fourth.PrivateURL {
		t.Errorf("taken in again: %+v", m)
	}

	e.staff()
	e.refused(plan.NeedsApproval, plan.MemberAdd, fourth)
	e.must(plan.MemberRemove, plan.RemoveMember{ID: "node-4"})
}

// Nodes are replaced for years.
func TestMembersRemovedLongAgoAreForgotten(t *testing.T) {
	e := newEvening(t)
	add := func(n int) plan.AddMember {
		return plan.AddMember{
			ID: fmt.Sprintf("node-%d", n), Address: fmt.Sprintf("10.0.0.%d:8811", n), PrivateURL: fmt.Sprintf("https://10.0.0.%d:8808", n),
		}
	}
	for n := range 16 {
		e.must(plan.MemberAdd, add(n))
	}
	e.refused(plan.TooLarge, plan.MemberAdd, add(16))
	e.must(plan.MemberRemove, plan.RemoveMember{ID: "node-7"})
	e.must(plan.MemberRemove, plan.RemoveMember{ID: "node-3"})
	e.must(plan.MemberAdd, add(16))
	if _, kept := e.plan.Members["node-7"]; kept || !e.plan.Members["node-3"].Removed || len(e.plan.Members) != 16 {
		t.Errorf("members %+v", e.plan.Members)
	}
}
