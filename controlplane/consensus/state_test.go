package consensus

import (
	"errors"
	"testing"

	"github.com/hashicorp/raft"

	"sunbeon/controlplane/plan"
)

// A node that meets a command it does not know must take nothing in any more,
// not even a snapshot of what it has.
func TestUnknownCommandStopsTheNode(t *testing.T) {
	s := newState(nil, nil)
	known := []byte(`{"kind":"hold.set","time_ms":1700000000000,"actor":"kim","body":{"scope":"all"}}`)
	if r, ok := s.Apply(&raft.Log{Index: 1, Data: known}).(plan.Result); !ok || !r.OK {
		t.Fatalf("got %+v", r)
	}
	err, ok := s.Apply(&raft.Log{Index: 2, Data: []byte(`{"kind":"from.the.future","body":{}}`)}).(error)
	var unknown *plan.UnknownCommandError
	if !ok || !errors.As(err, &unknown) {
		t.Fatalf("got %v", err)
	}
	select {
	case <-s.failed:
	default:
		t.Fatal("the node goes on")
	}
	if _, ok := s.Apply(&raft.Log{Index: 3, Data: known}).(error); !ok {
		t.Error("a stopped node takes in another command")
	}
	if _, err := s.Snapshot(); err == nil {
		t.Error("a stopped node writes a snapshot")
	}
	if p := s.plan.Load(); p.Index != 1 {
		t.Errorf("the plan is at %d", p.Index)
	}
}
