package opsapi

import (
	"context"
	"net/http"

	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/standing"
)

// AdmissionStatus is the configured rate and what is in force instead of it.
type AdmissionStatus struct {
	Configured plan.Admission `json:"configured"`
	// Override beats steering until it expires.
	Override *plan.Override `json:"override,omitempty"`
	Freeze   *plan.Freeze   `json:"freeze,omitempty"`
	Holds    []plan.Hold    `json:"holds"`
	// RateMilli is what all open cohorts are called at together, now.
	RateMilli int64 `json:"rate_milli"`
}

func (a *API) mountAdmission(r registrar) {
	get(r, "/v1/admission", "get-admission", "How fast people are let in, and why",
		func(ctx context.Context, in *Reading) (*answer[AdmissionStatus], error) {
			return read(ctx, a, *in, func(p *plan.Plan) (AdmissionStatus, error) {
				return admissionOf(p, a.now().UnixMilli()), nil
			})
		})
	do(r, plan.Commander, http.MethodPatch, "/v1/admission", "configure-admission",
		"Change the unsteered rate, the bounds, the decay or the mode; what is left out stays",
		func(ctx context.Context, in *struct {
			Key
			Body struct {
				Motive
				plan.ConfigureAdmission
			}
		}) (*done, error) {
			return a.change(ctx, in.Key, in.Body.Motive, plan.AdmissionConfigure, in.Body.ConfigureAdmission)
		})
}

func admissionOf(p *plan.Plan, nowMS int64) AdmissionStatus {
	out := AdmissionStatus{Configured: p.Admission, Holds: standing.Sorted(p.Holds)}
	if o, ok := p.OverrideAt(plan.TargetAdmission, nowMS); ok {
		out.Override = &o
	}
	if f, ok := standing.Frozen(p, plan.TargetAdmission, nowMS); ok {
		out.Freeze = &f
	}
	for _, s := range standing.All(p, nowMS) {
		if s.Cohort.Phase == plan.Open {
			out.RateMilli += s.RateMilli
		}
	}
	return out
}
