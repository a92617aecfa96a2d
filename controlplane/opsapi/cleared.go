package opsapi

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"

	"sunbeon/controlplane/plan"
	"sunbeon/internal/problem"
)

// cleared refuses what the plan alone cannot judge: it knows neither the
// machines nor the installation's token. A proposal is looked at when it is
// made, and again when it runs.
func (a *API) cleared(ctx context.Context, c plan.Command) *problem.Problem {
	p := a.plan()
	kind, body := c.Kind, c.Body
	switch kind {
	case plan.ProposalMake:
		var proposed plan.MakeProposal
		if json.Unmarshal(body, &proposed) == nil {
			kind, body = proposed.Kind, proposed.Body
		}
	case plan.ProposalApprove:
		var closing plan.CloseProposal
		if json.Unmarshal(body, &closing) == nil {
			kind, body = p.Proposals[closing.ID].Kind, p.Proposals[closing.ID].Body
		}
	}
	if kind == plan.OperatorSet {
		return a.ownToken(p, body)
	}
	return a.green(ctx, p, kind, body)
}

// ownToken refuses a token that somebody bears already: it would tell two people
// for one, and one person for two.
func (a *API) ownToken(p *plan.Plan, body json.RawMessage) *problem.Problem {
	var set plan.SetOperator
	if json.Unmarshal(body, &set) != nil {
		return nil // what does not decode is the plan's to refuse
	}
	taken := set.TokenHash == hex.EncodeToString(a.operators.installation[:])
	for _, other := range p.Operators {
		taken = taken || other.Name != set.Name && other.TokenHash == set.TokenHash
	}
	if !taken {
		return nil
	}
	return problem.New(http.StatusConflict, "token_taken", "this token is somebody's already: make another")
}
