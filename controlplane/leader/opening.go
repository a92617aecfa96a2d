package leader

import (
	"context"
	"encoding/json"
	"strings"

	"sunbeon/controlplane/plan"
)

// cleared is a duty as it is done: an opening that something speaks against is
// put off instead, and the public is told.
func (w *Work) cleared(ctx context.Context, p *plan.Plan, due plan.Command) plan.Command {
	var move plan.MovePhase
	if w.Hindrances == nil || due.Kind != plan.CohortPhase || json.Unmarshal(due.Body, &move) != nil || move.Phase != plan.Open {
		return due
	}
	hindrances := w.Hindrances(ctx, p, p.Cohorts[move.Cohort])
	if len(hindrances) == 0 {
		return due
	}
	put, err := plan.NewCommand(postponed(move.Cohort, w.Now().UnixMilli()))
	if err != nil {
		panic(err) // its body is a struct of plain fields
	}
	due.Kind, due.Body = put.Kind, put.Body
	due.Reason = "not green at the hour: " + strings.Join(hindrances, ", ")
	return due
}
