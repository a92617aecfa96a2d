package consensus

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"sunbeon/controlplane/plan"
)

// Commands that wait at a follower travel to the leader together: a request for
// each would cost both sides more than the command itself. One that comes alone
// leaves at once.
const (
	// convoysAtOnce is how many requests are on their way to one leader. A second
	// would be for latency, but takes from the first those it could sync with: with
	// it a write costs a seventh more of both nodes' time.
	convoysAtOnce = 1
	convoyLength  = 64
	convoyBytes   = 1 << 20
	// convoyWithin bounds a request, for a leader that has stopped.
	convoyWithin = 5 * time.Second
)

// forwarded is the answer to one command of a convoy. Without a result, Taken
// tells an unknown outcome from one that may be retried.
type forwarded struct {
	Result *plan.Result `json:"result,omitempty"`
	Taken  bool         `json:"taken,omitempty"`
	Error  string       `json:"error,omitempty"`
}

func (f forwarded) outcome() (plan.Result, error) {
	switch {
	case f.Result != nil:
		return *f.Result, nil
	case f.Taken:
		return plan.Result{}, fmt.Errorf("%w: %s", plan.ErrUnknown, f.Error)
	}
	return plan.Result{}, fmt.Errorf("%w: %s", plan.ErrRetryable, f.Error)
}

// passenger is a command that waits for its convoy, then for its answer.
type passenger struct {
	command json.RawMessage
	// gone is set by whoever comes first: the convoy, or a caller that left.
	gone   atomic.Bool
	answer chan forwarded
	failed chan error
}

// lane leads to one leader.
type lane struct {
	mu      sync.Mutex
	waiting []*passenger
	moving  int
}

// propose waits for the answer to one command, no longer than ctx.
func (l *lane) propose(ctx context.Context, send func([]*passenger), command json.RawMessage) (plan.Result, error) {
	p := &passenger{command: command, answer: make(chan forwarded, 1), failed: make(chan error, 1)}
	l.mu.Lock()
	l.waiting = append(l.waiting, p)
	if l.moving < convoysAtOnce {
		l.moving++
		go l.move(send)
	}
	l.mu.Unlock()
	select {
	case f := <-p.answer:
		return f.outcome()
	case err := <-p.failed:
		return plan.Result{}, err
	case <-ctx.Done():
		if p.gone.CompareAndSwap(false, true) {
			return plan.Result{}, fmt.Errorf("%w: %w", plan.ErrRetryable, ctx.Err())
		}
		return plan.Result{}, fmt.Errorf("%w: %w", plan.ErrUnknown, ctx.Err())
	}
}

// move sends convoys until nobody waits.
func (l *lane) move(send func([]*passenger)) {
	for {
		convoy, ok := l.load()
		if !ok {
			return
		}
		if len(convoy) > 0 {
			send(convoy)
		}
	}
}

func (l *lane) load() (convoy []*passenger, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.moving--
		return nil, false
	}
	n, size := 0, 0
	for n < len(l.waiting) && n < convoyLength && (n == 0 || size+len(l.waiting[n].command) <= convoyBytes) {
		p := l.waiting[n]
		size += len(p.command)
		if p.gone.CompareAndSwap(false, true) {
			convoy = append(convoy, p)
		}
		n++
	}
	l.waiting = append([]*passenger(nil), l.waiting[n:]...)
	return convoy, true
}

// send asks the leader with one request.
func (l *HTTPLeader) send(leaderURL string, convoy []*passenger) {
	commands := make([]json.RawMessage, len(convoy))
	for i, p := range convoy {
		commands[i] = p.command
	}
	ctx, cancel := context.WithTimeout(context.Background(), convoyWithin)
	defer cancel()
	var answers []forwarded
	encoded, err := json.Marshal(commands)
	if err != nil {
		err = fmt.Errorf("%w: %w", plan.ErrRetryable, err)
	} else if err = l.ask(ctx, http.MethodPost, leaderURL+proposePath, encoded, &answers); err == nil && len(answers) != len(convoy) {
		err = fmt.Errorf("%w: %d answers to %d commands", plan.ErrUnknown, len(answers), len(convoy))
	}
	for i, p := range convoy {
		if err != nil {
			p.failed <- err
			continue
		}
		p.answer <- answers[i]
	}
}
