package opsapi

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sunbeon/controlplane/plan"
	"sunbeon/internal/problem"
)

// refusal lets a problem document be an API handler's error.
type refusal struct{ *problem.Problem }

func (r refusal) GetStatus() int { return r.Status }

func (r refusal) ContentType(string) string { return problem.ContentType }

func (r refusal) GetHeaders() http.Header {
	h := http.Header{}
	if r.RetryAfterMS > 0 {
		h.Set("Retry-After", strconv.FormatInt((r.RetryAfterMS+999)/1000, 10))
	}
	return h
}

func refuse(status int, code, detail string) error {
	return refusal{problem.New(status, code, detail)}
}

// withCode gives the API framework's own errors (a body that does not fit its
// schema) the stable code every problem of this system has.
func withCode(_ huma.Context, _ string, body any) (any, error) {
	var e *huma.ErrorModel
	if err, ok := body.(error); !ok || !errors.As(err, &e) {
		return body, nil
	}
	detail := e.Detail
	for _, d := range e.Errors {
		detail += "; " + strings.TrimSpace(d.Location+" "+d.Message)
	}
	code := "malformed"
	if e.Status >= 500 {
		code = "internal"
	}
	return problem.New(e.Status, code, detail), nil
}

// undecided is the answer to a command that got no result: what to say to the
// caller is whether asking again is safe without a request id.
func undecided(err error, outcomeUnknown bool) *problem.Problem {
	if outcomeUnknown {
		return problem.New(http.StatusGatewayTimeout, "unknown_outcome",
			"the command may or may not have been taken; ask again with the same Idempotency-Key: "+err.Error())
	}
	return problem.New(http.StatusServiceUnavailable, "not_taken",
		"the command was not taken; ask again: "+err.Error()).Retry(300 * time.Millisecond)
}

// rejected is the answer to a command the plan refused.
func rejected(result plan.Result) error {
	status := http.StatusConflict
	switch result.Code {
	case plan.NeedsApproval, plan.SamePerson, plan.NotAllowed:
		status = http.StatusForbidden
	case plan.NotFound:
		status = http.StatusNotFound
	case plan.Malformed, plan.OutOfBounds, plan.TooLarge, plan.ReasonMissing, plan.BadSecret, plan.RequestReused:
		status = http.StatusUnprocessableEntity
	}
	return refusal{problem.New(status, result.Code, result.Detail).With("index", result.Index)}
}
