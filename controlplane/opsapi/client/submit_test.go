package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/problem"
)

func TestSubmit(t *testing.T) {
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	rejected := func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte(`{"ok":false,"code":"not_found","index":8}`))
	}
	f := func(name string, answers []http.HandlerFunc, want plan.Result) {
		t.Helper()
		n := newNode(t)
		n.answers = answers
		c := newClient(t, client.Config{Addresses: []string{n.URL, dead.URL}})
		got, err := c.Submit(t.Context(), plan.Command{Kind: plan.HoldSet})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		sent := n.received()
		if len(sent) != len(answers) {
			t.Errorf("%s: %d requests, want %d", name, len(sent), len(answers))
		}
		for _, command := range sent {
			if command.RequestID == "" || command.RequestID != sent[0].RequestID || command.TimeMS != sent[0].TimeMS {
				t.Errorf("%s: request id %q at %d, want the first one's %q at %d",
					name, command.RequestID, command.TimeMS, sent[0].RequestID, sent[0].TimeMS)
			}
		}
	}
	f("accepted", []http.HandlerFunc{accept(7)}, plan.Result{OK: true, Index: 7})
	f("rejected is a result", []http.HandlerFunc{rejected}, plan.Result{Code: "not_found", Index: 8})
	f("no leader at first", []http.HandlerFunc{refuse(503, "no_leader"), accept(7)}, plan.Result{OK: true, Index: 7})
	f("asked too fast", []http.HandlerFunc{refuse(429, "slow_down"), accept(7)}, plan.Result{OK: true, Index: 7})
	f("unknown, then found out", []http.HandlerFunc{refuse(504, "unknown_outcome"), accept(7)}, plan.Result{OK: true, Index: 7})
	f("connection lost", []http.HandlerFunc{hangUp, accept(7)}, plan.Result{OK: true, Index: 7})
}

func TestSubmitErrors(t *testing.T) {
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	f := func(name, address string, want error) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		_, err := newClient(t, client.Config{Addresses: []string{address}}).Submit(ctx, plan.Command{Kind: plan.HoldSet})
		for _, outcome := range []error{client.ErrRetryable, client.ErrUnknown} {
			if got := errors.Is(err, outcome); got != (outcome == want) {
				t.Errorf("%s: errors.Is(%v, %v) = %v", name, err, outcome, got)
			}
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v does not wrap what ended the call", name, err)
		}
	}
	answering := func(answers ...http.HandlerFunc) string {
		n := newNode(t)
		n.answers = answers
		return n.URL
	}
	f("nobody there", dead.URL, client.ErrRetryable)
	f("never a leader", answering(refuse(503, "no_leader")), client.ErrRetryable)
	f("lost for good", answering(hangUp), client.ErrUnknown)
	f("unknown once, then only no leader", answering(refuse(504, "unknown_outcome"), refuse(503, "no_leader")), client.ErrUnknown)
}

func TestSubmitReturnsRefusal(t *testing.T) {
	n := newNode(t)
	n.answers = []http.HandlerFunc{refuse(http.StatusForbidden, "role_not_allowed")}
	_, err := newClient(t, client.Config{Addresses: []string{n.URL}}).Submit(t.Context(), plan.Command{Kind: plan.HoldSet})
	var refused *problem.Problem
	if !errors.As(err, &refused) || refused.Code != "role_not_allowed" {
		t.Errorf("Submit = %v, want the refusal", err)
	}
	if got := len(n.received()); got != 1 {
		t.Errorf("asked %d times, want once", got)
	}
}

func TestNewRefusesBadConfig(t *testing.T) {
	f := func(name string, config client.Config) {
		t.Helper()
		if _, err := client.New(config); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	f("no address", client.Config{Token: "t"})
	f("no credential", client.Config{Addresses: []string{"http://127.0.0.1:1"}})
	f("no scheme", client.Config{Addresses: []string{"127.0.0.1:1"}, Token: "t"})
	f("another scheme", client.Config{Addresses: []string{"ftp://127.0.0.1:1"}, Token: "t"})
}
