package was

import (
	"net/http"
	"slices"

	"sunbeon/internal/problem"
)

// problems are all codes this server answers with and the status each has. The
// codes are part of the API.
var problems = map[string]int{
	"malformed":       http.StatusBadRequest,
	"invalid_request": http.StatusBadRequest,

	"login_required": http.StatusUnauthorized,
	"login_expired":  http.StatusUnauthorized,
	"login_invalid":  http.StatusUnauthorized,
	"pass_required":  http.StatusUnauthorized,
	"pass_expired":   http.StatusUnauthorized,
	"pass_invalid":   http.StatusUnauthorized,

	"pass_of_another":  http.StatusForbidden,
	"pass_revoked":     http.StatusForbidden,
	"cohort_not_open":  http.StatusForbidden,
	"not_eligible":     http.StatusForbidden,
	"role_not_allowed": http.StatusForbidden,
	"account_needed":   http.StatusForbidden,

	"not_found":    http.StatusNotFound,
	"no_such_slot": http.StatusNotFound,
	"no_booking":   http.StatusNotFound,

	"method_not_allowed": http.StatusMethodNotAllowed,

	"slot_taken":        http.StatusConflict,
	"already_booked":    http.StatusConflict,
	"already_cancelled": http.StatusConflict,
	"no_second_dose":    http.StatusConflict,

	"idempotency_key_reused": http.StatusUnprocessableEntity,
	"rate_limited":           http.StatusTooManyRequests,

	"internal":         http.StatusInternalServerError,
	"upstream_refused": http.StatusBadGateway,
	"hold_on":          http.StatusServiceUnavailable,
	"paused":           http.StatusServiceUnavailable,
	"upstream_down":    http.StatusServiceUnavailable,
	"unknown_outcome":  http.StatusGatewayTimeout,
}

// refuse makes a problem of a code of the table.
func refuse(code, detail string) *problem.Problem { return problem.New(problems[code], code, detail) }

// What each step on the way through a request may refuse.
var (
	always  = []string{"role_not_allowed", "hold_on", "internal"}
	byLogin = []string{"login_required", "login_expired", "login_invalid"}
	byPass  = append([]string{
		"pass_required", "pass_expired", "pass_invalid", "pass_of_another", "pass_revoked", "cohort_not_open", "paused",
	}, byLogin...)
	bySearch   = append([]string{"rate_limited", "malformed"}, byPass...)
	byOwn      = append([]string{"rate_limited"}, byLogin...)
	byChoice   = []string{"malformed", "invalid_request", "no_such_slot", "slot_taken", "no_second_dose", "idempotency_key_reused", "unknown_outcome", "upstream_refused", "upstream_down"}
	byNumber   = []string{"invalid_request", "no_booking"}
	byStaff    = append([]string{"malformed", "account_needed"}, byOwn...)
	byRegister = []string{"not_eligible", "upstream_refused", "upstream_down"}
)

// codes joins what the steps of a route may refuse, each code once.
func codes(steps ...[]string) []string {
	all := slices.Concat(append(steps, always)...)
	slices.Sort(all)
	return slices.Compact(all)
}
