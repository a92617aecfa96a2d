package consensus

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/hashicorp/raft"

	"sunbeon/controlplane/plan"
)

// encoded is a hold under any kind's name.
func encoded(t *testing.T, kind plan.Kind) []byte {
	t.Helper()
	entry, err := encodeEntry(plan.Command{
		Kind: kind, TimeMS: 1_700_000_000_000, Actor: "kim", Body: json.RawMessage(`{"scope":"all"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

// A digit that flipped on disk is still JSON; it must stop the node all the
// same, or it would hold another plan than the others.
func TestDamagedEntryStopsTheNode(t *testing.T) {
	sound := encoded(t, plan.HoldSet)
	for i := range sound {
		s := newState(nil, nil)
		damaged := bytes.Clone(sound)
		damaged[i] ^= 1
		if err, ok := s.Apply(&raft.Log{Index: 1, Data: damaged}).(error); !ok || !errors.Is(err, errEntry) {
			t.Fatalf("byte %d flipped: %v", i, err)
		}
	}
	for _, short := range [][]byte{nil, sound[:3]} {
		if _, err := decodeEntry(short); !errors.Is(err, errEntry) {
			t.Errorf("%d bytes: %v", len(short), err)
		}
	}
}

// A node that meets a command it does not know must take nothing in any more,
// not even a snapshot of what it has.
func TestUnknownCommandStopsTheNode(t *testing.T) {
	s := newState(nil, nil)
	known := encoded(t, plan.HoldSet)
	if r, ok := s.Apply(&raft.Log{Index: 1, Data: known}).(plan.Result); !ok || !r.OK {
		t.Fatalf("got %+v", r)
	}
	err, ok := s.Apply(&raft.Log{Index: 2, Data: encoded(t, "from.the.future")}).(error)
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
