package opsapi

import (
	"context"
	"net/http"
	"time"

	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/standing"
)

// Person is an operator as others may see them.
type Person struct {
	Name      string    `json:"name"`
	Role      plan.Role `json:"role"`
	ExpiresMS int64     `json:"expires_ms" doc:"0: never"`
	Index     uint64    `json:"index"`
}

// People are the operators the plan names.
type People struct {
	You    Person   `json:"you"`
	People []Person `json:"people"`
}

type PersonPath struct {
	Name string `path:"name" minLength:"1" maxLength:"64" pattern:"^[a-z0-9][a-z0-9._-]*$" doc:"the operator's name"`
}

// Token is a new token by its hash alone: whoever will bear it makes it, and
// nobody else ever sees it.
type Token struct {
	TokenHash string `json:"token_hash" pattern:"^[0-9a-f]{64}$" doc:"hex SHA-256 of the token, which has at least 128 random bits"`
	ForMS     int64  `json:"for_ms,omitempty" minimum:"0" doc:"how long it is valid; 0 or left out: until it is replaced"`
}

func (t Token) expires(now time.Time) int64 {
	if t.ForMS == 0 {
		return 0
	}
	return now.UnixMilli() + t.ForMS
}

func (a *API) mountPeople(r registrar) {
	get(r, "/v1/operators", "list-operators", "Who may do what",
		func(ctx context.Context, in *Reading) (*answer[People], error) {
			return read(ctx, a, *in, func(p *plan.Plan) (People, error) {
				you := OperatorOf(ctx)
				out := People{You: Person{Name: you.Name, Role: you.Role}, People: []Person{}}
				for _, o := range standing.Sorted(p.Operators) {
					out.People = append(out.People, Person{o.Name, o.Role, o.ExpiresMS, o.Index})
				}
				return out, nil
			})
		})
	do(r, plan.Commander, http.MethodPut, "/v1/operators/{name}", "set-operator",
		"Give somebody a role and a token; a token they had is void",
		func(ctx context.Context, in *struct {
			Key
			PersonPath
			Body struct {
				Motive
				Token
				Role plan.Role `json:"role" enum:"viewer,operator,commander"`
			}
		}) (*done, error) {
			return a.change(ctx, in.Key, in.Body.Motive, plan.OperatorSet, plan.SetOperator{
				Name: in.Name, Role: in.Body.Role, TokenHash: in.Body.TokenHash, ExpiresMS: in.Body.expires(a.now()),
			})
		})
	do(r, plan.Viewer, http.MethodPost, "/v1/operators/{name}/token", "rotate-token",
		"Replace one's own token; the role stays",
		func(ctx context.Context, in *struct {
			Key
			PersonPath
			Body struct {
				Motive
				Token
			}
		}) (*done, error) {
			you := OperatorOf(ctx)
			if _, known := a.plan().Operators[in.Name]; you.Name != in.Name || !known {
				return nil, refuse(http.StatusForbidden, "role_not_allowed", "only "+in.Name+" replaces that token this way")
			}
			return a.change(ctx, in.Key, in.Body.Motive, plan.OperatorSet, plan.SetOperator{
				Name: in.Name, Role: you.Role, TokenHash: in.Body.TokenHash, ExpiresMS: in.Body.expires(a.now()),
			})
		})
	do(r, plan.Commander, http.MethodDelete, "/v1/operators/{name}", "remove-operator",
		"Take somebody's role and token away at once",
		func(ctx context.Context, in *struct {
			Clearing
			PersonPath
		}) (*done, error) {
			return a.change(ctx, in.Key, in.motive(), plan.OperatorRemove, plan.RemoveOperator{Name: in.Name})
		})
}
