package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sunbeon/controlplane/plan"
)

func TestIncidentIsCarriedOnByOthers(t *testing.T) {
	e := newEvening(t)
	r := e.give(plan.IncidentOpen, plan.OpenIncident{Title: "stock answers slowly", Severity: 2})
	id := r.Detail
	update := func(u plan.UpdateIncident) {
		t.Helper()
		u.ID = id
		e.must(plan.IncidentUpdate, u, by("lee"))
	}
	update(plan.UpdateIncident{Roles: map[string]string{"commander": "kim", "scribe": "lee"}, Note: "stock at 3 s"})
	update(plan.UpdateIncident{Drafts: map[string]string{"status": "Bookings are slow."}, Runbooks: map[string]int{"StockSlow": 3}})
	update(plan.UpdateIncident{Roles: map[string]string{"scribe": ""}, Runbooks: map[string]int{"StockSlow": -1, "Hold": 1}, Severity: 1})
	want := plan.Incident{
		ID: id, Title: "stock answers slowly", Severity: 1, OpenedBy: "kim", OpenedMS: dayMS,
		Roles: map[string]string{"commander": "kim"}, Drafts: map[string]string{"status": "Bookings are slow."},
		Runbooks: map[string]int{"Hold": 1}, Notes: []plan.Note{{TimeMS: dayMS + 1000, Actor: "lee", Text: "stock at 3 s"}},
	}
	if diff := cmp.Diff(want, e.plan.Incidents[id], cmpopts.IgnoreTypes(plan.Revision{})); diff != "" {
		t.Errorf("incident (-want +got):\n%s", diff)
	}
	update(plan.UpdateIncident{Close: true})
	e.refused(plan.Conflict, plan.IncidentUpdate, plan.UpdateIncident{ID: id, Note: "too late"})
	e.refused(plan.NotFound, plan.IncidentUpdate, plan.UpdateIncident{ID: "i0"})
	e.refused(plan.Malformed, plan.IncidentOpen, plan.OpenIncident{Title: "worse than the worst", Severity: 0})
}

func TestIncidentsAndHandoversAreBounded(t *testing.T) {
	e := newEvening(t)
	first := e.give(plan.IncidentOpen, plan.OpenIncident{Title: "first", Severity: 4}).Detail
	for range 63 {
		e.must(plan.IncidentOpen, plan.OpenIncident{Title: "more", Severity: 4})
	}
	e.refused(plan.TooLarge, plan.IncidentOpen, plan.OpenIncident{Title: "one too many", Severity: 4})
	e.must(plan.IncidentUpdate, plan.UpdateIncident{ID: first, Close: true})
	last := e.give(plan.IncidentOpen, plan.OpenIncident{Title: "in its place", Severity: 4}).Detail
	if _, kept := e.plan.Incidents[first]; kept || len(e.plan.Incidents) != 64 {
		t.Errorf("%d incidents, the closed one kept: %v", len(e.plan.Incidents), kept)
	}
	for n := range 70 {
		e.must(plan.IncidentUpdate, plan.UpdateIncident{ID: last, Note: fmt.Sprint(n)})
	}
	if notes := e.plan.Incidents[last].Notes; len(notes) != 64 || notes[63].Text != "69" || notes[0].Text != "6" {
		t.Errorf("%d notes", len(notes))
	}
	e.refused(plan.TooLarge, plan.IncidentUpdate, plan.UpdateIncident{ID: last,
		Drafts: map[string]string{"status": strings.Repeat("x", 5000)}})
	for n := range 40 {
		e.must(plan.HandoverNote, plan.LeaveNote{Text: fmt.Sprint(n)})
	}
	if len(e.plan.Handovers) != 32 {
		t.Errorf("%d notes of handovers", len(e.plan.Handovers))
	}
}
