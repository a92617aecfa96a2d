package opsapi

import (
	"context"
	"net/http"
	"slices"

	"sunbeon/controlplane/consensus"
	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/standing"
)

// Members of the cluster, as the node that answers knows them.
type Members struct {
	// Node is the one that answers, Leader the one it takes for the leader;
	// empty while it knows none.
	Node   string `json:"node"`
	Leader string `json:"leader"`
	Term   uint64 `json:"term"`
	// Index is how far the answering node is, LeaderAgeMS how long ago it
	// heard from the leader.
	Index       uint64             `json:"index"`
	LeaderAgeMS int64              `json:"leader_age_ms"`
	Members     []consensus.Member `json:"members"`
}

type MemberPath struct {
	ID string `path:"member" minLength:"1" maxLength:"64" doc:"the node's id"`
}

// Instances are the running processes.
type Instances struct {
	Instances []plan.Instance `json:"instances"`
}

// ClusterVersion is what gates the commands of newer programs.
type ClusterVersion struct {
	Cluster plan.Cluster `json:"cluster"`
	// Known is the newest version the answering node knows.
	Known int `json:"known"`
}

// Decisions of the controllers, newest first.
type Decisions struct {
	Decisions []plan.Decision `json:"decisions"`
}

func (a *API) mountCluster(r registrar) {
	get(r, "/v1/members", "list-members", "Control-plane nodes and who leads",
		func(ctx context.Context, in *Reading) (*answer[Members], error) {
			return read(ctx, a, *in, func(*plan.Plan) (Members, error) { return a.members(), nil })
		})
	do(r, plan.Commander, http.MethodPut, "/v1/members/{member}", "add-member",
		"Take a node in: without a vote first, with one when it has caught up",
		func(ctx context.Context, in *struct {
			Key
			MemberPath
			Body struct {
				Motive
				Address    string `json:"address" minLength:"3" doc:"host:port of its raft listener"`
				PrivateURL string `json:"private_url" minLength:"9" doc:"https://host:port of its private listener"`
			}
		}) (*done, error) {
			return a.change(ctx, in.Key, in.Body.Motive, plan.MemberAdd,
				plan.AddMember{ID: in.ID, Address: in.Body.Address, PrivateURL: in.Body.PrivateURL})
		})
	do(r, plan.Commander, http.MethodDelete, "/v1/members/{member}", "remove-member",
		"Have a node leave, once three others vote",
		func(ctx context.Context, in *struct {
			Clearing
			MemberPath
		}) (*done, error) {
			return a.change(ctx, in.Key, in.motive(), plan.MemberRemove, plan.RemoveMember{ID: in.ID})
		})
	get(r, "/v1/instances", "list-instances", "Running processes",
		func(ctx context.Context, in *struct {
			Reading
			Kind string `query:"kind" doc:"only this kind: gate, was, agent, controlplane, legacy"`
		}) (*answer[Instances], error) {
			return read(ctx, a, in.Reading, func(p *plan.Plan) (Instances, error) {
				all := slices.DeleteFunc(standing.Sorted(p.Instances), func(i plan.Instance) bool {
					return in.Kind != "" && i.Kind != in.Kind
				})
				return Instances{all}, nil
			})
		})
	do(r, plan.OnCall, http.MethodDelete, "/v1/instances/{instance}", "forget-instance",
		"Forget a process that will not come back, before its silence is noticed; one that runs registers again",
		func(ctx context.Context, in *struct {
			Clearing
			ID string `path:"instance" minLength:"1" maxLength:"64" doc:"the process's id"`
		}) (*done, error) {
			return a.change(ctx, in.Key, in.motive(), plan.InstanceForget, plan.ForgetInstance{ID: in.ID})
		})
	get(r, "/v1/cluster", "get-cluster", "The version every node has to know, and the newest this one does",
		func(ctx context.Context, in *Reading) (*answer[ClusterVersion], error) {
			return read(ctx, a, *in, func(p *plan.Plan) (ClusterVersion, error) {
				return ClusterVersion{Cluster: p.Cluster, Known: plan.Version}, nil
			})
		})
	do(r, plan.Commander, http.MethodPatch, "/v1/cluster", "raise-cluster-version",
		"Allow the commands of a newer version, once every node answers that it knows them; there is no way back",
		func(ctx context.Context, in *struct {
			Key
			Body struct {
				Motive
				MinVersion int `json:"min_version" minimum:"1" doc:"the version every node has to know"`
			}
		}) (*done, error) {
			return a.change(ctx, in.Key, in.Body.Motive, plan.ClusterVersion, plan.RaiseVersion{MinVersion: in.Body.MinVersion})
		})
	get(r, "/v1/decisions", "list-decisions", "What the controllers changed and why, newest first",
		func(ctx context.Context, in *struct {
			Reading
			Limit    int    `query:"limit" minimum:"1" maximum:"1024" default:"50"`
			Actuator string `query:"actuator" doc:"only this actuator's"`
		}) (*answer[Decisions], error) {
			return read(ctx, a, in.Reading, func(p *plan.Plan) (Decisions, error) {
				return Decisions{newest(p.Decisions, in.Actuator, in.Limit)}, nil
			})
		})
}

func newest(all []plan.Decision, actuator string, limit int) []plan.Decision {
	out := []plan.Decision{}
	for _, d := range slices.Backward(all) {
		if len(out) == limit {
			break
		}
		if actuator == "" || d.Actuator == actuator {
			out = append(out, d)
		}
	}
	return out
}

func (a *API) members() Members {
	leader, _ := a.node.Leader()
	term, _ := a.node.Term()
	_, index := a.node.Plan()
	return Members{
		Node: a.node.ID(), Leader: leader, Term: term, Members: a.node.Members(),
		Index: index, LeaderAgeMS: a.node.LeaderContact().Milliseconds(),
	}
}
