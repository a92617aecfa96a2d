package opsapi

import (
	"context"
	"net/http"

	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/standing"
)

// Holds in force.
type Holds struct {
	Holds []plan.Hold `json:"holds"`
}

// Freezes in force.
type Freezes struct {
	Freezes []plan.Freeze `json:"freezes"`
}

type HoldPath struct {
	Scope string `path:"scope" maxLength:"64" doc:"a cohort's id, or all"`
}

type FreezePath struct {
	Scope string `path:"scope" enum:"admission,replicas,all" doc:"an actuator, or all"`
}

func (a *API) mountHolds(r registrar) {
	get(r, "/v1/holds", "list-holds", "Where operators stopped admission",
		func(ctx context.Context, in *Reading) (*answer[Holds], error) {
			return read(ctx, a, *in, func(p *plan.Plan) (Holds, error) {
				return Holds{standing.Sorted(p.Holds)}, nil
			})
		})
	do(r, plan.OnCall, http.MethodPut, "/v1/holds/{scope}", "set-hold",
		"Stop admission at once; everyone keeps their place",
		func(ctx context.Context, in *struct {
			Key
			HoldPath
			Body struct{ Motive }
		}) (*done, error) {
			return a.change(ctx, in.Key, in.Body.Motive, plan.HoldSet, plan.SetHold{Scope: in.Scope})
		})
	do(r, plan.Commander, http.MethodDelete, "/v1/holds/{scope}", "release-hold",
		"Let admission go on",
		func(ctx context.Context, in *struct {
			Clearing
			HoldPath
		}) (*done, error) {
			return a.change(ctx, in.Key, in.motive(), plan.HoldRelease, plan.ReleaseHold{Scope: in.Scope})
		})

	get(r, "/v1/freezes", "list-freezes", "Actuators that may only tighten",
		func(ctx context.Context, in *Reading) (*answer[Freezes], error) {
			return read(ctx, a, *in, func(p *plan.Plan) (Freezes, error) {
				return Freezes{standing.Sorted(p.Freezes)}, nil
			})
		})
	do(r, plan.OnCall, http.MethodPut, "/v1/freezes/{scope}", "set-freeze",
		"Keep the controllers from changing anything but downwards",
		func(ctx context.Context, in *struct {
			Key
			FreezePath
			Body struct {
				Motive
				Expiry
			}
		}) (*done, error) {
			return a.change(ctx, in.Key, in.Body.Motive, plan.FreezeSet,
				plan.SetFreeze{Scope: in.Scope, UntilMS: in.Body.until(a.now())})
		})
	do(r, plan.Commander, http.MethodDelete, "/v1/freezes/{scope}", "release-freeze",
		"Let the controllers steer again",
		func(ctx context.Context, in *struct {
			Clearing
			FreezePath
		}) (*done, error) {
			return a.change(ctx, in.Key, in.motive(), plan.FreezeRelease, plan.ReleaseFreeze{Scope: in.Scope})
		})
}
