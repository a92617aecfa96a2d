package consensus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sunbeon/controlplane/plan"
)

// versionWithin bounds the question to one member which version it knows.
const versionWithin = time.Second

// screen answers what must not enter the log: what [plan.Screen] refuses, and a
// version of the cluster that some member's program does not know, which would
// stop that member for good.
func (n *Node) screen(c plan.Command) (plan.Result, bool) {
	p, index := n.Plan()
	if refusal, refused := plan.Screen(p, c); refused {
		return refusal, true
	}
	var raise plan.RaiseVersion
	if c.Kind != plan.ClusterVersion || json.Unmarshal(c.Body, &raise) != nil {
		return plan.Result{}, false
	}
	for _, m := range n.Members() {
		if known, err := n.versionOf(m); err != nil || known < raise.MinVersion {
			detail := fmt.Sprintf("%s knows versions up to %d only", m.ID, known)
			if err != nil {
				detail = fmt.Sprintf("%s does not tell which version it knows: %v", m.ID, err)
			}
			return plan.Result{Code: plan.Gated, Detail: detail, Index: index}, true
		}
	}
	return plan.Result{}, false
}

// versionOf a member is the newest cluster version its program knows.
func (n *Node) versionOf(m Member) (int, error) {
	if m.ID == n.config.ID {
		return plan.Version, nil
	}
	if n.config.Leader == nil {
		return 0, errors.New("no way to ask")
	}
	ctx, cancel := context.WithTimeout(context.Background(), versionWithin)
	defer cancel()
	status, err := n.config.Leader.Status(ctx, m.PrivateURL)
	return max(status.Version, 1), err
}
