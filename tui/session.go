package tui

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/opsapi/client"
	"sunbeon/internal/problem"
)

// Session talks to the control plane; *client.Client is one.
type Session interface {
	Watch(ctx context.Context, deliver func(client.View)) error
	Call(ctx context.Context, method, path, key string, in, out any) error
}

// What comes back from I/O.
type (
	viewMsg    struct{ view client.View }
	refusedMsg struct{ err error }
	membersMsg struct {
		members opsapi.Members
		err     error
	}
	doneMsg struct {
		did string
		err error
	}
	tickMsg time.Time
)

const (
	// drawEvery is how often figures that move by themselves are drawn again.
	drawEvery = 500 * time.Millisecond
	// membersEvery is how often the members are asked for: they are not in the
	// plan.
	membersEvery = 2 * time.Second
	// callWithin bounds one question, so that the screen always answers.
	callWithin = 8 * time.Second
)

func tick() tea.Cmd { return tea.Tick(drawEvery, func(t time.Time) tea.Msg { return tickMsg(t) }) }

// askMembers asks any node who the members are.
func askMembers(ctx context.Context, session Session) tea.Cmd {
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(ctx, callWithin)
		defer cancel()
		var m opsapi.Members
		err := session.Call(ctx, http.MethodGet, "/v1/members", "", nil, &m)
		return membersMsg{m, err}
	}
}

// perform asks for a change, once; asking again inside happens under one
// request id.
func perform(ctx context.Context, session Session, r request) tea.Cmd {
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(ctx, callWithin)
		defer cancel()
		var in any
		if r.body != nil {
			in = r.body
		}
		var answer opsapi.Done
		if err := session.Call(ctx, r.method, r.path, rand.Text(), in, &answer); err != nil {
			return doneMsg{err: explain(err)}
		}
		return doneMsg{did: fmt.Sprintf("%s (index %d)", r.did, answer.Index)}
	}
}

// explain says in one line what an error left behind.
func explain(err error) error {
	var refused *problem.Problem
	switch {
	case errors.As(err, &refused):
		return fmt.Errorf("refused (%s): %s", refused.Code, refused.Detail)
	case errors.Is(err, client.ErrUnknown):
		return errors.New("nobody said whether it was done: look before you ask again")
	case errors.Is(err, client.ErrRetryable):
		return errors.New("no node took it; nothing was changed")
	}
	return err
}

// watch feeds the program with views until ctx ends or the nodes refuse.
func watch(ctx context.Context, session Session, send func(tea.Msg)) {
	err := session.Watch(ctx, func(v client.View) { send(viewMsg{v}) })
	if ctx.Err() == nil {
		send(refusedMsg{explain(err)})
	}
}
