package consensus

import (
	"context"
	"time"

	"sunbeon/controlplane/plan"
)

const (
	// compareEvery is the distance of comparisons in member rounds.
	compareEvery = 10
	// keptMarks is how many marks a node remembers: nodes are rarely at the
	// same one at the same time.
	keptMarks = 8
)

// Status is what a node says of itself.
type Status struct {
	Index uint64 `json:"index"`
	Marks []Mark `json:"marks"`
	// Version is the newest cluster version its program knows; release 0.1.0,
	// which knows the first, does not tell.
	Version int `json:"version"`
	// Met are the nodes that this cluster has heard of, itself included.
	Met []string `json:"met,omitempty"`
}

// Status of this node.
func (n *Node) Status() Status {
	p, index := n.Plan()
	return Status{Index: index, Marks: *n.state.marks.Load(), Version: plan.Version, Met: met(p)}
}

// compareMarks finds nodes whose plan differs from this one's at the same
// index. It is the leader's work; which of the two is wrong it cannot say.
func (n *Node) compareMarks(ctx context.Context) {
	if n.config.Leader == nil {
		return
	}
	own := map[uint64]string{}
	for _, mark := range n.Status().Marks {
		own[mark.Index] = mark.Hash
	}
	diverged := int64(0)
	for _, m := range n.Members() {
		if m.ID == n.config.ID || m.PrivateURL == "" {
			continue
		}
		attempt, cancel := context.WithTimeout(ctx, time.Second)
		status, err := n.config.Leader.Status(attempt, m.PrivateURL)
		cancel()
		if err != nil {
			continue
		}
		for _, mark := range status.Marks {
			if hash, both := own[mark.Index]; both && hash != mark.Hash {
				n.logger.Error("plans diverged", "member", m.ID, "index", mark.Index, "own", hash, "theirs", mark.Hash)
				diverged++
				break
			}
		}
	}
	n.diverged.Store(diverged)
}

// Diverged is how many nodes were last found to hold another plan than the
// leader; 0 on nodes that do not lead.
func (n *Node) Diverged() int64 { return n.diverged.Load() }
