package opsapi

import (
	"context"
	"net/http"
	"slices"

	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/standing"
)

// handoverDecisions is how many of the latest decisions a handover lists.
const handoverDecisions = 10

// Handover is what whoever takes over has to know.
type Handover struct {
	Notes     []plan.ShiftNote    `json:"notes"` // newest first
	Cohorts   []standing.Standing `json:"cohorts"`
	Incidents []plan.Incident     `json:"incidents"` // open ones
	Holds     []plan.Hold         `json:"holds"`
	Freezes   []plan.Freeze       `json:"freezes"`
	Overrides []plan.Override     `json:"overrides"`
	Proposals []plan.Proposal     `json:"proposals"` // pending
	Changes   []plan.Undo         `json:"changes"`   // newest first
	Decisions []plan.Decision     `json:"decisions"` // newest first
}

func (a *API) mountHandover(r registrar) {
	get(r, "/v1/handover", "get-handover", "What whoever takes over has to know",
		func(ctx context.Context, in *Reading) (*answer[Handover], error) {
			return read(ctx, a, *in, func(p *plan.Plan) (Handover, error) {
				return handover(p, a.now().UnixMilli()), nil
			})
		})
	do(r, plan.OnCall, http.MethodPost, "/v1/handover", "leave-note", "Leave a note to whoever takes over",
		func(ctx context.Context, in *struct {
			Key
			Body struct {
				Motive
				Text string `json:"text" minLength:"1" maxLength:"4000"`
			}
		}) (*done, error) {
			return a.change(ctx, in.Key, in.Body.Motive, plan.HandoverNote, plan.LeaveNote{Text: in.Body.Text})
		})
}

func handover(p *plan.Plan, nowMS int64) Handover {
	out := Handover{
		Notes: standing.Sorted(p.Handovers), Cohorts: standing.All(p, nowMS),
		Incidents: slices.DeleteFunc(incidents(p), func(i plan.Incident) bool { return i.ClosedMS != 0 }),
		Holds:     standing.Sorted(p.Holds),
		Freezes:   slices.DeleteFunc(standing.Sorted(p.Freezes), func(f plan.Freeze) bool { return f.UntilMS <= nowMS }),
		Overrides: slices.DeleteFunc(standing.Sorted(p.Overrides), func(o plan.Override) bool { return o.UntilMS <= nowMS }),
		Proposals: slices.DeleteFunc(standing.Sorted(p.Proposals), func(q plan.Proposal) bool {
			return q.State != plan.Pending || q.UntilMS <= nowMS
		}),
		Changes:   standing.Sorted(p.Undos),
		Decisions: newest(p.Decisions, "", handoverDecisions),
	}
	slices.Reverse(out.Notes)
	slices.Reverse(out.Changes)
	return out
}
