package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"time"

	"sunbeon/internal/problem"
)

const (
	// attemptTimeout bounds one node's answer, so that a stopped node costs a
	// moment and not the caller's whole patience.
	attemptTimeout = 3 * time.Second
	// readTimeout is the same for a read, which any node answers at once.
	readTimeout = 1500 * time.Millisecond
	// callTimeout is the patience of a caller who named no deadline.
	callTimeout = 15 * time.Second
	// maxAnswer bounds an answer's body.
	maxAnswer = 64 << 20
)

// Call sends one request of the ops API (path from the root, e.g.
// "/v1/cohorts") to whichever node answers and decodes the answer into out,
// unless out is nil. A key names the request in the plan's window of request
// ids, which makes asking again safe; reads pass "".
//
// An answer that refuses is a *problem.Problem. Without any answer the error
// is ErrRetryable or, for a change that may have been taken, ErrUnknown.
func (c *Client) Call(ctx context.Context, method, path, key string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
	}
	answer, err := c.call(ctx, request{method: method, path: path, key: key, body: body})
	if err != nil {
		return err
	}
	if out == nil || len(answer) == 0 {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("decode answer of %s: %w", path, err)
	}
	return nil
}

type request struct {
	method, path, key string
	body              []byte
}

// call asks one node after the other until one answers for good or ctx ends.
// Once an attempt may have reached the log, the outcome stays unknown until a
// later attempt with the same key gets a definite answer.
func (c *Client) call(ctx context.Context, r request) ([]byte, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, callTimeout)
		defer cancel()
	}
	outcome := ErrRetryable
	for n := 0; ; n++ {
		address := c.address()
		answer, err := c.attempt(ctx, address, r)
		if err == nil {
			return answer, nil
		}
		var refused *problem.Problem
		if errors.As(err, &refused) && !errors.Is(err, ErrRetryable) && !errors.Is(err, ErrUnknown) {
			return nil, refused
		}
		if errors.Is(err, ErrUnknown) {
			outcome = ErrUnknown
		}
		c.leave(address)
		pause := c.backoff(n)
		if refused != nil {
			pause = max(pause, min(time.Duration(refused.RetryAfterMS)*time.Millisecond, 2*time.Second))
		}
		if !sleep(ctx.Done(), pause) {
			return nil, fmt.Errorf("%s %s: %w (last: %v)", r.method, r.path, outcome, err)
		}
	}
}

// attempt asks one node once.
func (c *Client) attempt(ctx context.Context, address string, r request) ([]byte, error) {
	within, lost := attemptTimeout, ErrUnknown
	if r.method == http.MethodGet {
		within, lost = readTimeout, ErrRetryable // a read leaves nothing behind
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()

	// Without a connection nothing was sent, whatever the error says.
	connected := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected = true },
	})
	req, err := http.NewRequestWithContext(ctx, r.method, address+r.path, bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	c.authorize(req)
	if len(r.body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.key != "" {
		req.Header.Set("Idempotency-Key", r.key)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if !connected {
			return nil, fmt.Errorf("%w: %w", ErrRetryable, err)
		}
		return nil, fmt.Errorf("%w: %w", lost, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return nil, classify(problem.Read(resp))
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", lost, err)
	}
	return answer, nil
}

// classify tells a refusal from an answer that asks for another attempt.
func classify(p *problem.Problem) error {
	switch {
	case p.Code == "unknown_outcome":
		return fmt.Errorf("%w: %w", ErrUnknown, p)
	case p.Status == http.StatusServiceUnavailable, p.Status == http.StatusTooManyRequests:
		return fmt.Errorf("%w: %w", ErrRetryable, p)
	case p.Status >= 500:
		return fmt.Errorf("%w: %w", ErrUnknown, p)
	}
	return p
}
