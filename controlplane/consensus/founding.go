package consensus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/raft"

	"sunbeon/controlplane/plan"
)

// ErrForgotten means that a node took part in the cluster before and has lost
// its directory, and with it whom it voted for: it could vote twice.
var ErrForgotten = errors.New("this node's votes are lost")

// begin makes an empty directory that of a member. All first members write the
// same configuration, so it does not matter who wins the first election; who
// joins later writes none.
func (n *Node) begin(settings *raft.Config) error {
	exists, err := raft.HasExistingState(n.store.logs, n.store.logs, n.store.snapshots)
	if err != nil {
		return fmt.Errorf("look for existing state: %w", err)
	}
	if exists {
		return nil
	}
	if err := n.remembered(); err != nil || !n.config.Bootstrap {
		return err
	}
	var members raft.Configuration
	for _, p := range n.config.Peers {
		members.Servers = append(members.Servers, raft.Server{
			ID: raft.ServerID(p.ID), Address: raft.ServerAddress(p.Address),
		})
	}
	err = raft.BootstrapCluster(settings, n.store.logs, n.store.logs, n.store.snapshots, n.config.Transport, members)
	if err != nil {
		return fmt.Errorf("bootstrap cluster: %w", err)
	}
	return nil
}

// remembered refuses to begin anew where another node has met this one. Where
// none answers nobody can tell.
func (n *Node) remembered() error {
	if n.config.Leader == nil {
		return nil
	}
	for _, p := range n.config.Peers {
		if p.ID == n.config.ID {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), versionWithin)
		status, err := n.config.Leader.Status(ctx, p.PrivateURL)
		cancel()
		if err == nil && slices.Contains(status.Met, n.config.ID) {
			return fmt.Errorf("%s is empty, and %s has met %s before: %w; take it in under a new id and remove this one",
				n.config.Dir, p.ID, n.config.ID, ErrForgotten)
		}
	}
	return nil
}

// met lists the nodes that have told the plan of themselves: that they run, or
// where their audit stands.
func met(p *plan.Plan) []string {
	nodes := map[string]bool{}
	for _, i := range p.Instances {
		if i.Kind == plan.KindControlPlane {
			nodes[i.ID] = true
		}
	}
	for origin := range p.Checkpoints {
		if id, ok := strings.CutPrefix(origin, plan.AuditOrigin("commands", "")); ok {
			nodes[id] = true
		}
	}
	return slices.Sorted(maps.Keys(nodes))
}
