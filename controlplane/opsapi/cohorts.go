package opsapi

import (
	"context"
	"net/http"

	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/standing"
)

// Cohorts is the list of cohorts in the order they open.
type Cohorts struct {
	Cohorts []standing.Standing `json:"cohorts"`
}

type CohortPath struct {
	ID string `path:"cohort" maxLength:"64" doc:"the cohort's id"`
}

func (a *API) mountCohorts(r registrar) {
	get(r, "/v1/cohorts", "list-cohorts", "Cohorts and how their lines stand",
		func(ctx context.Context, in *Reading) (*answer[Cohorts], error) {
			return read(ctx, a, *in, func(p *plan.Plan) (Cohorts, error) {
				return Cohorts{standing.All(p, a.now().UnixMilli())}, nil
			})
		})
	get(r, "/v1/cohorts/{cohort}", "get-cohort", "One cohort and how its line stands",
		func(ctx context.Context, in *struct {
			Reading
			CohortPath
		}) (*answer[standing.Standing], error) {
			return read(ctx, a, in.Reading, func(p *plan.Plan) (standing.Standing, error) {
				s, ok := standing.Of(p, in.ID, a.now().UnixMilli())
				if !ok {
					return s, refuse(http.StatusNotFound, plan.NotFound, "no cohort "+in.ID)
				}
				return s, nil
			})
		})
	do(r, plan.Commander, http.MethodPut, "/v1/cohorts/{cohort}", "define-cohort",
		"Define a cohort, or give one that is still scheduled another timetable; it then needs approval",
		func(ctx context.Context, in *struct {
			Key
			CohortPath
			Body struct {
				Motive
				Cohort plan.Cohort `json:"cohort"`
			}
		}) (*done, error) {
			cohort := in.Body.Cohort
			cohort.ID = in.ID
			return a.change(ctx, in.Key, in.Body.Motive, plan.CohortDefine, plan.DefineCohort{Cohort: cohort})
		})
	do(r, plan.Commander, http.MethodPost, "/v1/cohorts/{cohort}/approve", "approve-cohort",
		"Approve an opening beforehand, once its preflight is green",
		func(ctx context.Context, in *opening) (*done, error) {
			return a.change(ctx, in.Key, in.Body.Motive, plan.CohortApprove,
				plan.ApproveCohort{Cohort: in.ID, Accept: in.Body.Accept})
		})
	do(r, plan.Commander, http.MethodPost, "/v1/cohorts/{cohort}/open", "open-cohort",
		"Open a cohort's line now, once its preflight is green",
		func(ctx context.Context, in *opening) (*done, error) {
			return a.change(ctx, in.Key, in.Body.Motive, plan.CohortPhase,
				plan.MovePhase{Cohort: in.ID, Phase: plan.Open, Accept: in.Body.Accept})
		})
	do(r, plan.OnCall, http.MethodPost, "/v1/cohorts/{cohort}/postpone", "postpone-cohort",
		"Open later than announced, publicly",
		func(ctx context.Context, in *struct {
			Key
			CohortPath
			Body struct {
				Motive
				OpenMS int64 `json:"open_ms" minimum:"1" doc:"the new hour, Unix milliseconds"`
			}
		}) (*done, error) {
			return a.change(ctx, in.Key, in.Body.Motive, plan.CohortPostpone,
				plan.PostponeCohort{Cohort: in.ID, OpenMS: in.Body.OpenMS})
		})
	do(r, plan.OnCall, http.MethodPost, "/v1/cohorts/{cohort}/return-to-lobby", "return-cohort-to-lobby",
		"Undo an opening: stop, keep every place and turn, open again at a later hour",
		func(ctx context.Context, in *struct {
			Key
			CohortPath
			Body struct {
				Motive
				OpenMS int64 `json:"open_ms" minimum:"1" doc:"the new hour, Unix milliseconds"`
			}
		}) (*done, error) {
			return a.change(ctx, in.Key, in.Body.Motive, plan.CohortPhase,
				plan.MovePhase{Cohort: in.ID, Phase: plan.Lobby, OpenMS: in.Body.OpenMS})
		})
	do(r, plan.Commander, http.MethodPost, "/v1/cohorts/{cohort}/void", "void-passes",
		"End the passes that were issued and not used; their holders keep their turns. Without it they are honoured",
		a.changeCohort(plan.PassesVoid, func(id string) any { return plan.VoidPasses{Cohort: id} }))
	do(r, plan.OnCall, http.MethodPost, "/v1/cohorts/{cohort}/draw-value", "name-draw-value",
		"Name the public value a beacon draw is made from; it counts once two people have named the same",
		func(ctx context.Context, in *struct {
			Key
			CohortPath
			Body struct {
				Motive
				Value string `json:"value" pattern:"^([0-9a-f][0-9a-f])+$" maxLength:"1024" doc:"the value as bytes in hex"`
			}
		}) (*done, error) {
			return a.change(ctx, in.Key, in.Body.Motive, plan.DrawValue,
				plan.NameValue{Cohort: in.ID, Value: in.Body.Value})
		})
	a.mountPhase(r, plan.OnCall, "pause", "Stop calling; everyone keeps their place", plan.Paused)
	a.mountPhase(r, plan.Commander, "resume", "Call on from where the line was paused", plan.Open)
	a.mountPhase(r, plan.OnCall, "close", "End the cohort's evening", plan.Closed)
}

func (a *API) mountPhase(r registrar, least plan.Role, verb, summary string, phase plan.Phase) {
	do(r, least, http.MethodPost, "/v1/cohorts/{cohort}/"+verb, verb+"-cohort", summary,
		a.changeCohort(plan.CohortPhase, func(id string) any {
			return plan.MovePhase{Cohort: id, Phase: phase}
		}))
}

// opening is the input of what brings a cohort towards letting people in.
type opening struct {
	Key
	CohortPath
	Body struct {
		Motive
		Accept []string `json:"accept,omitempty" maxItems:"32" doc:"the checks of the preflight that are not green and are to be no hindrance; kept with the cohort"`
	}
}

type cohortChange struct {
	Key
	CohortPath
	Body struct{ Motive }
}

func (a *API) changeCohort(kind plan.Kind, body func(id string) any) func(context.Context, *cohortChange) (*done, error) {
	return func(ctx context.Context, in *cohortChange) (*done, error) {
		return a.change(ctx, in.Key, in.Body.Motive, kind, body(in.ID))
	}
}
