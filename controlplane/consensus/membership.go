package consensus

import (
	"context"
	"time"

	"github.com/hashicorp/raft"

	"sunbeon/controlplane/plan"
)

const (
	// memberEvery is how often the leader looks at who belongs to the cluster.
	memberEvery = time.Second
	// caughtUp is how many entries behind the leader a node may be to get a
	// vote: what is sent in a moment.
	caughtUp = 64
	// minVoters is how few voters no removal goes below. A dead node is
	// replaced by taking in another first.
	minVoters = 3
	// transferWithin bounds the one attempt to hand leadership over.
	transferWithin = time.Second
	transferPoll   = 10 * time.Millisecond
)

// keepMembers brings the cluster's configuration to what the plan wants, one
// step at a time: Raft takes one change at once, and a step that failed is
// simply due again.
func (n *Node) keepMembers(ctx context.Context) {
	ticker := time.NewTicker(memberEvery)
	defer ticker.Stop()
	for rounds := 0; ; rounds++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		n.memberStep(ctx)
		if rounds%compareEvery == 0 {
			n.compareMarks(ctx)
		}
	}
}

func (n *Node) memberStep(ctx context.Context) {
	p, _ := n.Plan()
	configuration, voters := n.raft.GetConfiguration().Configuration(), n.voters()
	for _, s := range configuration.Servers {
		m, listed := p.Members[string(s.ID)]
		if !listed || !m.Removed || s.Suffrage == raft.Voter && voters <= minVoters {
			continue
		}
		if string(s.ID) == n.config.ID {
			n.handOver() // the next leader removes this one
			return
		}
		n.changed(ctx, "removed", m.ID, n.raft.RemoveServer(s.ID, 0, 0))
		return
	}
	for _, m := range p.Members {
		if m.Removed {
			continue
		}
		server, known := find(configuration, m.ID)
		id, address := raft.ServerID(m.ID), raft.ServerAddress(m.Address)
		switch {
		case !known:
			n.changed(ctx, "taken in without a vote", m.ID, n.raft.AddNonvoter(id, address, 0, 0))
			return
		case server.Suffrage != raft.Voter && n.caughtUp(ctx, m):
			n.changed(ctx, "given a vote", m.ID, n.raft.AddVoter(id, address, 0, 0))
			return
		}
	}
}

func (n *Node) voters() int {
	voters := 0
	for _, s := range n.raft.GetConfiguration().Configuration().Servers {
		if s.Suffrage == raft.Voter {
			voters++
		}
	}
	return voters
}

func find(c raft.Configuration, id string) (raft.Server, bool) {
	for _, s := range c.Servers {
		if string(s.ID) == id {
			return s, true
		}
	}
	return raft.Server{}, false
}

func (n *Node) changed(ctx context.Context, did, id string, future raft.IndexFuture) {
	ctx, cancel := context.WithTimeout(ctx, submitTimeout)
	defer cancel()
	if err := n.await(ctx, future); err != nil {
		n.logger.Warn("change of members", "member", id, "error", err)
		return
	}
	n.logger.Info("member "+did, "member", id)
}

// caughtUp asks the node itself how far it is.
func (n *Node) caughtUp(ctx context.Context, m plan.Member) bool {
	if n.config.Leader == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, memberEvery)
	defer cancel()
	status, err := n.config.Leader.Status(ctx, m.PrivateURL)
	_, index := n.Plan()
	return err == nil && status.Index+caughtUp >= index
}

// handOver asks Raft once to make another node the leader, and waits a moment
// for it. Whether it worked is seen in Raft's state: the future of a transfer
// may never be answered.
func (n *Node) handOver() {
	if n.voters() < 2 {
		return
	}
	n.raft.LeadershipTransfer()
	for range transferWithin / transferPoll {
		if n.raft.State() != raft.Leader {
			return
		}
		time.Sleep(transferPoll)
	}
	n.logger.Info("leadership was not handed over")
}
