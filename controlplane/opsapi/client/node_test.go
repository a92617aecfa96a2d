package client_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"sunbeon/controlplane/opsapi/stream"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/problem"
)

// node is a control-plane node whose streams and answers a test writes.
type node struct {
	*httptest.Server
	// watches receives each opened watch; the test owns it until it closes it.
	watches chan *watch

	mu       sync.Mutex
	commands []plan.Command
	answers  []http.HandlerFunc // taken one by one; the last one stays
}

type watch struct {
	lastEventID string
	topics      string
	authorized  string
	messages    chan stream.Message
}

func (w *watch) send(messages ...stream.Message) {
	for _, m := range messages {
		w.messages <- m
	}
}

func (w *watch) close() { close(w.messages) }

func newNode(t *testing.T) *node {
	n := &node{watches: make(chan *watch, 8)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/watch", func(w http.ResponseWriter, r *http.Request) {
		opened := &watch{
			lastEventID: r.Header.Get("Last-Event-ID"),
			topics:      r.URL.Query().Get("topics"),
			authorized:  r.Header.Get("Authorization"),
			messages:    make(chan stream.Message, 16),
		}
		n.watches <- opened
		writer := stream.NewWriter(w, time.Second)
		for {
			select {
			case m, open := <-opened.messages:
				if !open {
					return
				}
				changes, err := stream.Encode(m.Changes)
				if err != nil || writer.Send(m.Kind, m.Index, m.LeaderAge, changes) != nil {
					return
				}
			case <-r.Context().Done():
				return
			}
		}
	})
	mux.HandleFunc("POST /v1/commands", func(w http.ResponseWriter, r *http.Request) {
		var c plan.Command
		body, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(body, &c); err != nil {
			problem.Write(w, http.StatusBadRequest, "malformed", err.Error())
			return
		}
		n.mu.Lock()
		n.commands = append(n.commands, c)
		answer := n.answers[0]
		if len(n.answers) > 1 {
			n.answers = n.answers[1:]
		}
		n.mu.Unlock()
		answer(w, r)
	})
	n.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		n.CloseClientConnections()
		n.Close()
	})
	return n
}

func (n *node) received() []plan.Command {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]plan.Command(nil), n.commands...)
}

func accept(index uint64) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(plan.Result{OK: true, Index: index})
	}
}

func refuse(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { problem.Write(w, status, code, "said the test") }
}

// hangUp breaks the connection after the request was read.
func hangUp(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		conn.Close()
	}
}
