package opsapi

import (
	"context"
	"net/http"
	"time"

	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/standing"
)

// maxOverride bounds how long an operator's value may stand without being set
// again: an override nobody remembers is how a site stays slow for a week.
const maxOverride = 24 * time.Hour

// Overrides in force.
type Overrides struct {
	Overrides []plan.Override `json:"overrides"`
}

type TargetPath struct {
	Target string `path:"target" enum:"admission,replicas" doc:"the actuator"`
}

// Expiry is when something an operator set ends by itself.
type Expiry struct {
	ForMS int64 `json:"for_ms" minimum:"1000" maximum:"86400000" doc:"how long it stands, in milliseconds; at most a day"`
}

func (e Expiry) until(now time.Time) int64 {
	return now.Add(min(time.Duration(e.ForMS)*time.Millisecond, maxOverride)).UnixMilli()
}

// Clearing is the input of a DELETE, which has no body.
type Clearing struct {
	Key
	Reason string `query:"reason" required:"true" minLength:"1" maxLength:"500" doc:"why; kept with the change"`
	Seen   uint64 `query:"seen" doc:"the index you looked at: the change is refused if its target changed since"`
}

func (c Clearing) motive() Motive { return Motive{Reason: c.Reason, Seen: c.Seen} }

func (a *API) mountOverrides(r registrar) {
	get(r, "/v1/overrides", "list-overrides", "Values operators set over steering",
		func(ctx context.Context, in *Reading) (*answer[Overrides], error) {
			return read(ctx, a, *in, func(p *plan.Plan) (Overrides, error) {
				return Overrides{standing.Sorted(p.Overrides)}, nil
			})
		})
	do(r, plan.OnCall, http.MethodPut, "/v1/overrides/{target}", "set-override",
		"Set an actuator's value until an expiry",
		func(ctx context.Context, in *struct {
			Key
			TargetPath
			Body struct {
				Motive
				Expiry
				Value int64 `json:"value" minimum:"0" doc:"admission: thousandths of a turn per second; replicas: WAS processes"`
			}
		}) (*done, error) {
			return a.change(ctx, in.Key, in.Body.Motive, plan.OverrideSet, plan.SetOverride{
				Target: in.Target, Value: in.Body.Value, UntilMS: in.Body.until(a.now()),
			})
		})
	do(r, plan.OnCall, http.MethodDelete, "/v1/overrides/{target}", "clear-override",
		"Hand an actuator back to steering",
		func(ctx context.Context, in *struct {
			Clearing
			TargetPath
		}) (*done, error) {
			return a.change(ctx, in.Key, in.motive(), plan.OverrideClear, plan.ClearOverride{Target: in.Target})
		})
}
