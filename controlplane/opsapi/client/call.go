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
	"strconv"
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
	return answer.decode(path, out)
}

// Read asks for path and decodes the answer into out. The index says of which
// plan the answer is: a change that names it is refused where what it changes
// has changed since.
func (c *Client) Read(ctx context.Context, path string, out any) (index uint64, err error) {
	answer, err := c.call(ctx, request{method: http.MethodGet, path: path})
	if err != nil {
		return 0, err
	}
	return answer.index, answer.decode(path, out)
}

// reply is an answer that refuses nothing.
type reply struct {
	body  []byte
	index uint64 // of the plan it was read from; 0 where it tells none
}

func (r reply) decode(path string, out any) error {
	if out == nil || len(r.body) == 0 {
		return nil
	}
	if err := json.Unmarshal(r.body, out); err != nil {
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
// later attempt with the same key gets a definite answer. An error at the end of
// ctx wraps the outcome and what ended ctx.
func (c *Client) call(ctx context.Context, r request) (reply, error) {
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
			return reply{}, refused
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
			return reply{}, fmt.Errorf("%s %s: %w (%w; last: %v)", r.method, r.path, outcome, context.Cause(ctx), err)
		}
	}
}

// attempt asks one node once.
func (c *Client) attempt(ctx context.Context, address string, r request) (reply, error) {
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
		return reply{}, err
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
			return reply{}, fmt.Errorf("%w: %w", ErrRetryable, err)
		}
		return reply{}, fmt.Errorf("%w: %w", lost, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return reply{}, classify(problem.Read(resp))
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return reply{}, fmt.Errorf("%w: %w", lost, err)
	}
	index, _ := strconv.ParseUint(resp.Header.Get("Sunbeon-Index"), 10, 64)
	return reply{answer, index}, nil
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
