package consensus

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"

	"sunbeon/controlplane/plan"
	"sunbeon/internal/problem"
)

// Where a leader takes what followers forward. Nothing is forwarded from here.
const (
	proposePath   = "/internal/v1/raft/propose"
	readIndexPath = "/internal/v1/raft/read-index"
	statusPath    = "/internal/v1/raft/status"
)

// maxForwarded bounds the JSON of a convoy: many commands, or one large one.
const maxForwarded = convoyBytes + plan.MaxBody + 64<<10

// readAnswer is the JSON of a read index.
type readAnswer struct {
	Index uint64 `json:"index"`
}

// Handler serves what followers ask of this node while it leads. It must be
// reachable by members of the cluster only: a forwarded command may carry a
// leader's term.
func (n *Node) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+proposePath, func(w http.ResponseWriter, r *http.Request) {
		var commands []plan.Command
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxForwarded)).Decode(&commands); err != nil {
			problem.Write(w, http.StatusBadRequest, "malformed", err.Error())
			return
		}
		answer(w, n.proposeAll(r.Context(), commands), nil)
	})
	mux.HandleFunc("GET "+readIndexPath, func(w http.ResponseWriter, r *http.Request) {
		index, err := n.ReadIndex(r.Context())
		answer(w, readAnswer{index}, err)
	})
	mux.HandleFunc("GET "+statusPath, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, n.Status(), nil)
	})
	return mux
}

// proposeAll brings all commands into the log before it waits for the first, so
// that they share a sync.
func (n *Node) proposeAll(ctx context.Context, commands []plan.Command) []forwarded {
	settle := make([]func(context.Context) (plan.Result, error), len(commands))
	for i, c := range commands {
		settle[i] = n.enqueue(c)
	}
	answers := make([]forwarded, len(commands))
	for i := range settle {
		result, err := settle[i](ctx)
		if err == nil {
			answers[i].Result = &result
		} else {
			answers[i].Taken, answers[i].Error = !errors.Is(err, plan.ErrRetryable), err.Error()
		}
	}
	return answers
}

func answer(w http.ResponseWriter, value any, err error) {
	switch {
	case err == nil:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(value) // the follower is gone, or reads it
	case errors.Is(err, plan.ErrRetryable):
		problem.Write(w, http.StatusServiceUnavailable, "not_taken", err.Error())
	default:
		problem.Write(w, http.StatusInternalServerError, "unknown_outcome", err.Error())
	}
}

// HTTPLeader is the [LeaderClient] that asks over HTTP. Client must present a
// member's certificate.
type HTTPLeader struct {
	Client *http.Client

	mu    sync.Mutex
	lanes map[string]*lane // by leader
}

// Propose implements [LeaderClient]. Commands that wait travel together.
func (l *HTTPLeader) Propose(ctx context.Context, leaderURL string, c plan.Command) (plan.Result, error) {
	encoded, err := json.Marshal(c)
	if err != nil {
		return plan.Result{}, fmt.Errorf("%w: %w", plan.ErrRetryable, err)
	}
	return l.lane(leaderURL).propose(ctx, func(convoy []*passenger) { l.send(leaderURL, convoy) }, encoded)
}

func (l *HTTPLeader) lane(leaderURL string) *lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lanes[leaderURL] == nil {
		if l.lanes == nil {
			l.lanes = map[string]*lane{}
		}
		l.lanes[leaderURL] = &lane{}
	}
	return l.lanes[leaderURL]
}

// ReadIndex implements [LeaderClient]. A read changes nothing, so that whatever
// went wrong it may be tried again.
func (l *HTTPLeader) ReadIndex(ctx context.Context, leaderURL string) (uint64, error) {
	var got readAnswer
	if err := l.ask(ctx, http.MethodGet, leaderURL+readIndexPath, nil, &got); err != nil {
		return 0, fmt.Errorf("%w: %w", plan.ErrRetryable, err)
	}
	return got.Index, nil
}

// Status implements [LeaderClient].
func (l *HTTPLeader) Status(ctx context.Context, url string) (Status, error) {
	var got Status
	if err := l.ask(ctx, http.MethodGet, url+statusPath, nil, &got); err != nil {
		return Status{}, fmt.Errorf("%w: %w", plan.ErrRetryable, err)
	}
	return got, nil
}

// ask sends one request. Its error is ErrRetryable only when the leader said
// so, turned the request away, or could not be reached.
func (l *HTTPLeader) ask(ctx context.Context, method, url string, body []byte, into any) error {
	connected := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected = true },
	})
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: %w", plan.ErrRetryable, err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := l.Client.Do(request)
	if err != nil {
		if !connected {
			return fmt.Errorf("%w: %w", plan.ErrRetryable, err)
		}
		return fmt.Errorf("%w: %w", plan.ErrUnknown, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		refused := problem.Read(response)
		if refused.Status == http.StatusServiceUnavailable || refused.Status < 500 {
			return fmt.Errorf("%w: %w", plan.ErrRetryable, refused)
		}
		return fmt.Errorf("%w: %w", plan.ErrUnknown, refused)
	}
	encoded, err := io.ReadAll(io.LimitReader(response.Body, maxForwarded))
	if err != nil {
		return fmt.Errorf("%w: %w", plan.ErrUnknown, err)
	}
	if err := json.Unmarshal(encoded, into); err != nil {
		return fmt.Errorf("%w: %w", plan.ErrUnknown, err)
	}
	return nil
}
