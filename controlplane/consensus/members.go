package consensus

import (
	"github.com/hashicorp/raft"

	"sunbeon/controlplane/plan"
)

// Member of the cluster, as this node knows it.
type Member struct {
	ID         string `json:"id"`
	Address    string `json:"address"`
	PrivateURL string `json:"private_url"`
	Voter      bool   `json:"voter"`
	Leader     bool   `json:"leader"`
}

// Members of the cluster, in the order of its configuration.
func (n *Node) Members() []Member {
	_, leader := n.raft.LeaderWithID()
	var members []Member
	for _, s := range n.raft.GetConfiguration().Configuration().Servers {
		members = append(members, Member{
			ID:         string(s.ID),
			Address:    string(s.Address),
			PrivateURL: n.privateURL(string(s.ID)),
			Voter:      s.Suffrage == raft.Voter,
			Leader:     s.ID == leader,
		})
	}
	return members
}

// Leader is the member this node takes for the leader and its private URL;
// both are empty while it knows none.
func (n *Node) Leader() (id, privateURL string) {
	_, leader := n.raft.LeaderWithID()
	if leader == "" {
		return "", ""
	}
	return string(leader), n.privateURL(string(leader))
}

// Term is the current Raft term, and whether this node leads in it.
func (n *Node) Term() (term uint64, leading bool) {
	return n.raft.CurrentTerm(), n.raft.State() == raft.Leader
}

// ID is this node's.
func (n *Node) ID() string { return n.config.ID }

// privateURL of a member: what it registered in the plan, for it may have
// joined or moved since this process was configured.
func (n *Node) privateURL(id string) string {
	p, _ := n.Plan()
	if i, ok := p.Instances[id]; ok && i.Kind == plan.KindControlPlane {
		return i.PrivateURL
	}
	if m, ok := p.Members[id]; ok && m.PrivateURL != "" {
		return m.PrivateURL
	}
	for _, peer := range n.config.Peers {
		if peer.ID == id {
			return peer.PrivateURL
		}
	}
	return ""
}
