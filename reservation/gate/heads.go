package gate

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"sunbeon/controlplane/plan"
	"sunbeon/reservation/waitingroom/fairness"
)

// auditHeads are the heads of the control plane's audit, as the plan tells them,
// for the checkpoints of the line's record.
func (g *Gate) auditHeads() string {
	v := g.view.Load()
	if v == nil {
		return ""
	}
	var lines strings.Builder
	byOrigin := func(a, b plan.Checkpoint) int { return cmp.Compare(a.Origin, b.Origin) }
	for _, c := range slices.SortedFunc(maps.Values(v.plan.Checkpoints), byOrigin) {
		if strings.HasPrefix(c.Origin, plan.AuditOrigins) && !strings.ContainsAny(c.Origin, " \n") {
			lines.WriteString(fairness.HeadLine(c.Origin, c.Size, c.Root))
		}
	}
	return lines.String()
}
