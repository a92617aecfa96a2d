package opsapi

import (
	"context"
	"net/http"

	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/standing"
)

// ReplicasStatus is how many WAS processes should run and how many do.
type ReplicasStatus struct {
	Configured plan.Replicas  `json:"configured"`
	Override   *plan.Override `json:"override,omitempty"`
	Freeze     *plan.Freeze   `json:"freeze,omitempty"`
	Ready      int            `json:"ready"`
	Registered int            `json:"registered"`
}

func (a *API) mountReplicas(r registrar) {
	get(r, "/v1/replicas", "get-replicas", "How many WAS should run, and do",
		func(ctx context.Context, in *Reading) (*answer[ReplicasStatus], error) {
			return read(ctx, a, *in, func(p *plan.Plan) (ReplicasStatus, error) {
				return replicasOf(p, a.now().UnixMilli()), nil
			})
		})
	do(r, plan.OnCall, http.MethodPatch, "/v1/replicas", "set-replicas",
		"Change the desired number, its bounds or the mode; what is left out stays",
		func(ctx context.Context, in *struct {
			Key
			Body struct {
				Motive
				plan.SetReplicas
			}
		}) (*done, error) {
			return a.change(ctx, in.Key, in.Body.Motive, plan.ReplicasSet, in.Body.SetReplicas)
		})
}

func replicasOf(p *plan.Plan, nowMS int64) ReplicasStatus {
	out := ReplicasStatus{Configured: p.Replicas}
	out.Ready, out.Registered = standing.Running(p, plan.KindWAS)
	if o, ok := p.OverrideAt(plan.TargetReplicas, nowMS); ok {
		out.Override = &o
	}
	if f, ok := standing.Frozen(p, plan.TargetReplicas, nowMS); ok {
		out.Freeze = &f
	}
	return out
}
