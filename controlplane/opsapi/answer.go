package opsapi

import (
	"context"
	"crypto/rand"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"sunbeon/controlplane/consensus"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/problem"
)

var problemType = reflect.TypeFor[problem.Problem]()

// Reading is what every read may ask for.
type Reading struct {
	Consistency consensus.Consistency `query:"consistency" enum:"stale,leader,linearizable" default:"stale" doc:"stale: this node's copy, as old as Sunbeon-Leader-Age-Ms says; leader: of the node that leads; linearizable: holds everything answered before"`
}

// answer carries a read's body and what it is worth.
type answer[T any] struct {
	Index       uint64 `header:"Sunbeon-Index" doc:"Raft index the answer is from"`
	LeaderAgeMS int64  `header:"Sunbeon-Leader-Age-Ms" doc:"how long ago the node heard from the leader"`
	Body        T
}

// read answers from the plan with the promise asked for.
func read[T any](ctx context.Context, a *API, in Reading, pick func(*plan.Plan) (T, error)) (*answer[T], error) {
	p, err := a.node.Read(ctx, in.Consistency)
	if err != nil {
		return nil, refusal{undecided(err, false)}
	}
	body, err := pick(p)
	if err != nil {
		return nil, err
	}
	return &answer[T]{Index: p.Index, LeaderAgeMS: a.node.LeaderContact().Milliseconds(), Body: body}, nil
}

// Motive is in the body of every change.
type Motive struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"why; kept with the change"`
	Seen   uint64 `json:"seen,omitempty" doc:"the index you looked at: the change is refused if its target changed since"`
}

// Key makes a change safe to send again.
type Key struct {
	Key string `header:"Idempotency-Key" maxLength:"128" doc:"names the request for ten minutes: asking again under it returns the first answer, asking for something else is refused"`
	// IfMatch is how HTTP says what Seen says.
	IfMatch string `header:"If-Match" pattern:"^\"[0-9]{1,18}\"$" doc:"the Sunbeon-Index you looked at, in quotes: the same as seen in the body"`
	// Propose turns a change into a proposal for somebody else to approve.
	Propose bool `query:"propose" doc:"propose the change instead of making it: a commander other than you approves it within the hour; an operator may propose what only a commander may do"`
}

// matching is the index that If-Match names; 0 for none.
func (k Key) matching() uint64 {
	index, _ := strconv.ParseUint(strings.Trim(k.IfMatch, `"`), 10, 64) // the pattern leaves digits only
	return index
}

// done is the answer to a change.
type done struct {
	Body Done
}

// Done says under which index a change was committed.
type Done struct {
	Index  uint64 `json:"index" doc:"Raft index of the change"`
	Detail string `json:"detail,omitempty" doc:"what the plan has to say about it: the id of what was opened or proposed"`
}

// change submits one command in the operator's name.
func (a *API) change(ctx context.Context, k Key, m Motive, kind plan.Kind, body any) (*done, error) {
	c, err := plan.NewCommand(kind, body)
	if err == nil && k.Propose {
		c, err = plan.NewCommand(plan.ProposalMake, plan.MakeProposal{
			Kind: kind, Body: c.Body, UntilMS: a.now().Add(proposalFor).UnixMilli(),
		})
	}
	if err != nil {
		return nil, err
	}
	c.Actor = OperatorOf(ctx).Name
	c.Reason = m.Reason
	c.Seen = max(m.Seen, k.matching())
	c.RequestID = rand.Text()
	if k.Key != "" {
		c.RequestID = plan.RequestID(k.Key, contentOf(ctx))
	}
	if refused := a.cleared(ctx, c); refused != nil {
		return nil, refusal{refused}
	}
	result, err := a.node.Submit(ctx, c)
	if err != nil {
		return nil, refusal{a.undecided(err)}
	}
	if !result.OK {
		return nil, rejected(result)
	}
	a.logger.InfoContext(ctx, "command", "kind", kind, "actor", c.Actor, "index", result.Index)
	return &done{Body: Done{Index: result.Index, Detail: result.Detail}}, nil
}

// get and post register one kind of operation each, to keep the tables of
// endpoints readable.
func get[I, O any](r registrar, path, id, summary string, h func(context.Context, *I) (*O, error)) {
	huma.Register(r.api, r.operation(plan.Viewer, http.MethodGet, path, id, summary), h)
}

func do[I any](r registrar, least plan.Role, method, path, id, summary string, h func(context.Context, *I) (*done, error)) {
	huma.Register(r.api, r.operation(least, method, path, id, summary), h)
}
