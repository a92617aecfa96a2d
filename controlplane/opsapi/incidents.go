package opsapi

import (
	"context"
	"net/http"
	"slices"

	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/standing"
)

// Incidents, open ones first, then the latest.
type Incidents struct {
	Incidents []plan.Incident `json:"incidents"`
}

type IncidentPath struct {
	ID string `path:"incident" maxLength:"32" doc:"the incident's id"`
}

func (a *API) mountIncidents(r registrar) {
	get(r, "/v1/incidents", "list-incidents", "Incidents, open ones first: roles, drafts, runbook positions, notes",
		func(ctx context.Context, in *Reading) (*answer[Incidents], error) {
			return read(ctx, a, *in, func(p *plan.Plan) (Incidents, error) { return Incidents{incidents(p)}, nil })
		})
	do(r, plan.OnCall, http.MethodPost, "/v1/incidents", "open-incident", "Open an incident; the answer's detail is its id",
		func(ctx context.Context, in *struct {
			Key
			Body struct {
				Motive
				Title    string `json:"title" minLength:"1" maxLength:"500"`
				Severity int    `json:"severity" minimum:"1" maximum:"4" doc:"1 is the worst"`
			}
		}) (*done, error) {
			return a.change(ctx, in.Key, in.Body.Motive, plan.IncidentOpen,
				plan.OpenIncident{Title: in.Body.Title, Severity: in.Body.Severity})
		})
	do(r, plan.OnCall, http.MethodPatch, "/v1/incidents/{incident}", "update-incident",
		"Change an incident; what is left out stays, an empty entry is taken away",
		func(ctx context.Context, in *struct {
			Key
			IncidentPath
			Body struct {
				Motive
				Title    string            `json:"title,omitempty" maxLength:"500"`
				Severity int               `json:"severity,omitempty" minimum:"0" maximum:"4"`
				Roles    map[string]string `json:"roles,omitempty" doc:"who does what; an empty name takes the role away"`
				Drafts   map[string]string `json:"drafts,omitempty" doc:"messages by channel; an empty text takes one away"`
				Runbooks map[string]int    `json:"runbooks,omitempty" doc:"step each page is at; -1 takes one away"`
				Note     string            `json:"note,omitempty" maxLength:"500"`
				Close    bool              `json:"close,omitempty"`
			}
		}) (*done, error) {
			b := in.Body
			return a.change(ctx, in.Key, b.Motive, plan.IncidentUpdate, plan.UpdateIncident{
				ID: in.ID, Title: b.Title, Severity: b.Severity, Roles: b.Roles, Drafts: b.Drafts,
				Runbooks: b.Runbooks, Note: b.Note, Close: b.Close,
			})
		})
}

func incidents(p *plan.Plan) []plan.Incident {
	list := standing.Sorted(p.Incidents)
	slices.SortStableFunc(list, func(x, y plan.Incident) int {
		if open := (x.ClosedMS == 0); open != (y.ClosedMS == 0) {
			if open {
				return -1
			}
			return 1
		}
		return int(min(max(y.OpenedMS-x.OpenedMS, -1), 1))
	})
	return list
}
