package client

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"sunbeon/controlplane/plan"
)

// Submit brings one command into the plan and returns what the plan made of
// it; a rejection is a Result with OK false, not an error. A command without a
// request id or time gets both.
//
// Submit asks again, under the same request id, until a node gives a definite
// answer or ctx ends (15 s when it has no deadline). Then the error is
// ErrRetryable when the command certainly did not enter the log and ErrUnknown
// when it may have. A node that refuses the caller (role, token, malformed
// command) makes a *problem.Problem.
func (c *Client) Submit(ctx context.Context, command plan.Command) (plan.Result, error) {
	if command.RequestID == "" {
		command.RequestID = rand.Text()
	}
	if command.TimeMS == 0 {
		command.TimeMS = time.Now().UnixMilli()
	}
	body, err := json.Marshal(command)
	if err != nil {
		return plan.Result{}, fmt.Errorf("submit %s: %w", command.Kind, err)
	}
	answer, err := c.call(ctx, request{
		method: http.MethodPost,
		path:   c.prefix + "/commands",
		key:    command.RequestID,
		body:   body,
	})
	if err != nil {
		return plan.Result{}, fmt.Errorf("submit %s: %w", command.Kind, err)
	}
	var result plan.Result
	if err := json.Unmarshal(answer.body, &result); err != nil {
		return plan.Result{}, fmt.Errorf("submit %s: %w: %w", command.Kind, ErrUnknown, err)
	}
	return result, nil
}
