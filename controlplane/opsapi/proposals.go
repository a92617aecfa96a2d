package opsapi

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/standing"
)

// Proposals are commands that wait for a second person, and those that did.
type Proposals struct {
	// Paired tells whether loosening takes two people: from when the plan names
	// two commanders.
	Paired    bool            `json:"paired"`
	Proposals []plan.Proposal `json:"proposals"`
}

// Undos are the latest changes that can be taken back, newest first.
type Undos struct {
	Changes []plan.Undo `json:"changes"`
}

type ProposalPath struct {
	ID string `path:"proposal" maxLength:"32" doc:"the proposal's id"`
}

// proposalFor is how long a proposal waits.
const proposalFor = time.Hour

func (a *API) mountProposals(r registrar) {
	get(r, "/v1/proposals", "list-proposals", "Commands that wait for a second person, newest first",
		func(ctx context.Context, in *struct {
			Reading
			Pending bool `query:"pending" doc:"only those that can still be approved"`
		}) (*answer[Proposals], error) {
			return read(ctx, a, in.Reading, func(p *plan.Plan) (Proposals, error) {
				now := a.now().UnixMilli()
				list := slices.DeleteFunc(standing.Sorted(p.Proposals), func(q plan.Proposal) bool {
					return in.Pending && (q.State != plan.Pending || q.UntilMS <= now)
				})
				slices.SortFunc(list, func(x, y plan.Proposal) int { return cmp.Compare(y.MadeMS, x.MadeMS) })
				return Proposals{p.Paired(now), list}, nil
			})
		})
	closing := func(kind plan.Kind) func(context.Context, *struct {
		Key
		ProposalPath
		Body struct{ Motive }
	}) (*done, error) {
		return func(ctx context.Context, in *struct {
			Key
			ProposalPath
			Body struct{ Motive }
		}) (*done, error) {
			return a.change(ctx, in.Key, in.Body.Motive, kind, plan.CloseProposal{ID: in.ID})
		}
	}
	do(r, plan.Commander, http.MethodPost, "/v1/proposals/{proposal}/approve", "approve-proposal",
		"Run a proposed command as its second person; what it depends on is looked at anew", closing(plan.ProposalApprove))
	do(r, plan.OnCall, http.MethodPost, "/v1/proposals/{proposal}/withdraw", "withdraw-proposal",
		"Close a proposal without running it", closing(plan.ProposalWithdraw))

	get(r, "/v1/changes", "list-changes", "The latest changes by people that can be taken back, newest first",
		func(ctx context.Context, in *Reading) (*answer[Undos], error) {
			return read(ctx, a, *in, func(p *plan.Plan) (Undos, error) {
				list := standing.Sorted(p.Undos)
				slices.Reverse(list)
				return Undos{list}, nil
			})
		})
	do(r, plan.OnCall, http.MethodPost, "/v1/changes/{index}/undo", "undo-change",
		"Restore what was there before a change; refused if that changed since",
		func(ctx context.Context, in *struct {
			Key
			At   uint64 `path:"index" doc:"the change's index"`
			Body struct{ Motive }
		}) (*done, error) {
			return a.change(ctx, in.Key, in.Body.Motive, plan.ChangeUndo, plan.UndoChange{At: in.At})
		})
}
