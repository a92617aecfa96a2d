package opsapi

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"sunbeon/controlplane/plan"
	"sunbeon/internal/problem"
)

// minToken is the least length of an operator token: 128 bits in hex.
const minToken = 32

// Operator is who a request comes from.
type Operator struct {
	Name string
	Role plan.Role
}

// rank orders the roles; an unknown role has none.
func rank(role plan.Role) int {
	switch role {
	case plan.Viewer:
		return 1
	case plan.OnCall:
		return 2
	case plan.Commander:
		return 3
	}
	return 0
}

// may reports whether o may do what least asks for.
func (o Operator) may(least plan.Role) bool {
	return rank(o.Role) >= rank(least) && rank(o.Role) > 0
}

// operators knows tokens: the one of this installation, a commander's, and
// those the plan names.
type operators struct {
	installation [sha256.Size]byte
	plan         func() *plan.Plan
	now          func() time.Time
	failures     *failures
	quotas       *quotas
}

// readToken reads a token file and returns the token's hash.
func readToken(file string) (hash [sha256.Size]byte, err error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return hash, fmt.Errorf("read operator token: %w", err)
	}
	token := strings.TrimSpace(string(content))
	if len(token) < minToken {
		return hash, fmt.Errorf("read operator token: %s holds fewer than %d characters", file, minToken)
	}
	return sha256.Sum256([]byte(token)), nil
}

// Codes of who is asked to wait.
const (
	// tooManyFailures: too many requests without a valid token came from the
	// address.
	tooManyFailures = "too_many_failures"
	// tooManyRequests: the operator asks more than one may.
	tooManyRequests = "too_many_requests"
)

var (
	errNoToken    = errors.New("no bearer token")
	errWrongToken = errors.New("unknown or expired token")
)

// identify finds whose token the request bears. Hashes are compared, in
// constant time, so neither the comparison nor the plan betrays a token.
func (o *operators) identify(r *http.Request) (Operator, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return Operator{}, errNoToken
	}
	hash := sha256.Sum256([]byte(strings.TrimSpace(token)))
	if subtle.ConstantTimeCompare(hash[:], o.installation[:]) == 1 {
		return Operator{Name: plan.Installation, Role: plan.Commander}, nil
	}
	encoded := hex.EncodeToString(hash[:])
	for _, known := range o.plan().Operators {
		if subtle.ConstantTimeCompare([]byte(encoded), []byte(known.TokenHash)) != 1 {
			continue
		}
		if known.ExpiresMS != 0 && known.ExpiresMS <= o.now().UnixMilli() {
			return Operator{}, errWrongToken
		}
		return Operator{Name: known.Name, Role: known.Role}, nil
	}
	return Operator{}, errWrongToken
}

// admit decides whether the request may do what least asks for. A valid token
// is always let in: with 128 random bits it cannot be guessed, and whoever could
// shut out an address by guessing could shut out the operators behind it. What
// an address sends without one is answered, and kept in the journal, only so
// often.
func (o *operators) admit(r *http.Request, least plan.Role) (Operator, *problem.Problem) {
	operator, err := o.identify(r)
	if err != nil {
		address := clientAddress(r)
		if wait := o.failures.wait(address, o.now()); wait > 0 {
			return Operator{}, problem.New(http.StatusTooManyRequests, tooManyFailures,
				"too many requests without a valid token came from this address").Retry(wait)
		}
		o.failures.add(address, o.now())
		return Operator{}, problem.New(http.StatusUnauthorized, "unauthenticated",
			err.Error()+": send Authorization: Bearer <operator token>")
	}
	if wait := o.quotas.wait(operator.Name, o.now()); wait > 0 {
		return operator, problem.New(http.StatusTooManyRequests, tooManyRequests,
			operator.Name+" asks more often than one operator may").Retry(wait)
	}
	if !operator.may(least) {
		return operator, problem.New(http.StatusForbidden, "role_not_allowed",
			fmt.Sprintf("%s is %s; this needs %s", operator.Name, operator.Role, least))
	}
	return operator, nil
}

type operatorKey struct{}

func withOperator(ctx context.Context, o Operator) context.Context {
	return context.WithValue(ctx, operatorKey{}, o)
}

// OperatorOf is who the request was admitted as; empty outside of admitted
// handlers.
func OperatorOf(ctx context.Context) Operator {
	o, _ := ctx.Value(operatorKey{}).(Operator)
	return o
}
