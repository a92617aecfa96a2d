package gate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"sunbeon/controlplane/plan"
	"sunbeon/internal/pki"
	"sunbeon/internal/problem"
	"sunbeon/reservation/credential"
)

const (
	// HoldPath is where a gate takes a break-glass hold.
	HoldPath = "/v1/hold"
	// passedOn marks a hold that came from another gate, which has told
	// everybody already.
	passedOn = "X-Sunbeon-Passed-On"
	// maxReason bounds why somebody stops a line, in bytes.
	maxReason = 1024
	// tellWithin bounds telling another gate.
	tellWithin = 3 * time.Second
)

// BreakGlass is a hold on everything this gate calls and lets in, taken without
// the control plane. It lasts until it is released, over any restart.
type BreakGlass struct {
	Held    bool   `json:"held"`
	Owner   string `json:"owner,omitempty"`
	Reason  string `json:"reason,omitempty"`
	SinceMS int64  `json:"since_ms,omitempty"`
}

// HoldAnswer is a gate's answer to a break-glass request: its own state, and
// the other gates that could not be told.
type HoldAnswer struct {
	BreakGlass
	NotTold []string `json:"not_told"`
}

// latch keeps the break-glass hold in a file.
type latch struct {
	path  string
	state atomic.Pointer[BreakGlass]
}

func openLatch(dir string) (*latch, error) {
	l := &latch{path: filepath.Join(dir, "hold.json")}
	state := new(BreakGlass)
	raw, err := os.ReadFile(l.path)
	if err == nil {
		err = json.Unmarshal(raw, state)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read break-glass hold: %w", err)
	}
	l.state.Store(state)
	return l, nil
}

func (l *latch) held() bool { return l.state.Load().Held }

// set is durable when it returns.
func (l *latch) set(state BreakGlass) error {
	raw, err := json.Marshal(state)
	if err != nil {
		return err
	}
	file, err := os.Create(l.path + ".new")
	if err != nil {
		return fmt.Errorf("keep break-glass hold: %w", err)
	}
	_, err = file.Write(append(raw, '\n'))
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = os.Rename(l.path+".new", l.path)
	}
	if err != nil {
		return fmt.Errorf("keep break-glass hold: %w", err)
	}
	l.state.Store(&state)
	return nil
}

// breakGlass serves HoldPath: GET tells, POST holds, DELETE releases. It needs
// no control plane, and nothing here lets anybody in faster.
func (g *Gate) breakGlass(w http.ResponseWriter, r *http.Request) {
	owner, err := g.breakGlassKey.Verify(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	if err != nil {
		g.logger.WarnContext(r.Context(), "break-glass refused", "error", err, "peer", pki.PeerRole(r))
		p := problem.New(http.StatusUnauthorized, "token_invalid", "The break-glass token is not genuine.")
		if errors.Is(err, credential.ErrExpired) {
			p = problem.New(http.StatusUnauthorized, "token_expired", "The break-glass token is older than 24 hours.")
		}
		g.refuse(w, p)
		return
	}
	if r.Method == http.MethodGet {
		writeJSON(w, http.StatusOK, HoldAnswer{BreakGlass: *g.latch.state.Load(), NotTold: []string{}})
		return
	}
	state := BreakGlass{Held: r.Method == http.MethodPost}
	if state.Held {
		var body struct {
			Reason string `json:"reason"`
		}
		if p := readJSON(w, r, maxReason, &body); p != nil {
			g.refuse(w, p)
			return
		}
		state.Owner, state.Reason, state.SinceMS = owner, body.Reason, g.nowMS()
		if before := g.latch.state.Load(); before.Held {
			state = *before // a hold that is on stays whose it is
		}
	}
	if err := g.setHold(r.Context(), state, owner); err != nil {
		g.refuse(w, g.internal(r.Context(), err))
		return
	}
	answer := HoldAnswer{BreakGlass: state, NotTold: []string{}}
	if r.Header.Get(passedOn) == "" {
		answer.NotTold = append(answer.NotTold, g.tellGates(r, state)...)
	}
	writeJSON(w, http.StatusOK, answer)
}

// setHold stops every line, or lets those go on that the plan does not hold,
// and returns when that is on disk.
func (g *Gate) setHold(ctx context.Context, state BreakGlass, owner string) error {
	if err := g.latch.set(state); err != nil {
		return err
	}
	g.logger.WarnContext(ctx, "break-glass", "held", state.Held, "owner", owner, "reason", state.Reason)
	v := g.view.Load()
	for _, room := range g.hall.Rooms() {
		var position uint64
		switch {
		case state.Held:
			position = room.Hold("break-glass by "+owner+": "+state.Reason, g.nowMS())
		case v == nil || v.plan.Held(room.Cohort().ID):
			continue // what the plan says is applied when it is seen
		default:
			position = room.Release("break-glass released by "+owner, g.nowMS())
		}
		if err := g.log.Wait(ctx, position); err != nil {
			return err
		}
	}
	for _, l := range g.lines() {
		l.document.expire()
	}
	return nil
}

// tellGates passes the request on to every other gate of the last plan seen,
// and returns those that did not take it.
func (g *Gate) tellGates(r *http.Request, state BreakGlass) (notTold []string) {
	v := g.view.Load()
	if v == nil || g.config.Gates == nil {
		return nil
	}
	var group errgroup.Group
	failed := make(chan string, len(v.plan.Instances))
	for _, instance := range v.plan.Instances {
		if instance.Kind != plan.KindGate || instance.ID == g.config.ID {
			continue
		}
		group.Go(func() error {
			if err := g.tell(r, instance.PrivateURL, state); err != nil {
				g.logger.ErrorContext(r.Context(), "gate not told of break-glass", "gate", instance.ID, "error", err)
				failed <- instance.ID
			}
			return nil
		})
	}
	_ = group.Wait() // who failed is in the channel
	close(failed)
	for id := range failed {
		notTold = append(notTold, id)
	}
	return notTold
}

func (g *Gate) tell(r *http.Request, base string, state BreakGlass) error {
	ctx, cancel := context.WithTimeout(r.Context(), tellWithin)
	defer cancel()
	body, err := json.Marshal(map[string]string{"reason": state.Reason})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, base+HoldPath, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", r.Header.Get("Authorization"))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(passedOn, g.config.ID)
	response, err := g.config.Gates.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return problem.Read(response)
	}
	return nil
}
