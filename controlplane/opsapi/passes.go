package opsapi

import (
	"context"
	"net/http"
	"time"

	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/standing"
)

// Revocations are the passes that are not honoured, though they were issued.
type Revocations struct {
	Revocations []plan.Revocation `json:"revocations"`
}

type PassPath struct {
	ID string `path:"pass" minLength:"1" maxLength:"128" doc:"the pass's id, its jti"`
}

// maxRevocationMS is thirty days: longer than any pass lives, pauses included.
const maxRevocationMS = 30 * 24 * 3600 * 1000

func (a *API) mountPasses(r registrar) {
	get(r, "/v1/revocations", "list-revocations", "Passes that are not honoured any more",
		func(ctx context.Context, in *Reading) (*answer[Revocations], error) {
			return read(ctx, a, *in, func(p *plan.Plan) (Revocations, error) {
				return Revocations{standing.Sorted(p.Passes)}, nil
			})
		})
	do(r, plan.OnCall, http.MethodPut, "/v1/revocations/{pass}", "revoke-pass",
		"End one pass; no booking server honours it from now on. It is remembered until the pass has expired by itself",
		func(ctx context.Context, in *struct {
			Key
			PassPath
			Body struct {
				Motive
				ForMS int64 `json:"for_ms" minimum:"1000" maximum:"2592000000" doc:"for how long the pass could still be used, in milliseconds; at most thirty days"`
			}
		}) (*done, error) {
			lasts := time.Duration(min(in.Body.ForMS, maxRevocationMS)) * time.Millisecond
			return a.change(ctx, in.Key, in.Body.Motive, plan.PassRevoke,
				plan.RevokePass{ID: in.ID, UntilMS: a.now().Add(lasts).UnixMilli()})
		})
}
