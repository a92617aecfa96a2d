// Package stream is the wire form of the watch: server-sent events that carry
// the plan from a control-plane node to whoever follows it.
//
// A stream opens with a snapshot (or, when the follower names the index it
// already holds in Last-Event-ID, with the changes after it) and goes on with
// one change message for each committed command that changed something. A
// change is atomic: it holds everything its command did. A node with nothing
// to say sends a bookmark, which tells how far it is and how long ago it heard
// from the leader, so that a follower can tell a quiet evening from a node
// that was cut off.
package stream

import (
	"encoding/json"
	"fmt"
	"time"

	"sunbeon/controlplane/plan"
)

// Kind is the name of a server-sent event.
type Kind string

const (
	// Snapshot replaces all the follower holds: its changes are from the
	// empty plan.
	Snapshot Kind = "snapshot"
	// Change is what one command did.
	Change Kind = "change"
	// Bookmark moves the index on and reports the age of leader contact.
	Bookmark Kind = "bookmark"
	// Compacted says that the follower's index is no longer held; a snapshot
	// follows on the same stream.
	Compacted Kind = "compacted"
)

// Message is one event of a watch.
type Message struct {
	Kind Kind
	// Index is the Raft index the follower is at once it took the message in.
	Index uint64
	// LeaderAge is how long ago the node last heard from the leader.
	LeaderAge time.Duration
	Changes   []plan.Change
}

// payload is the data line of an event.
type payload struct {
	Index       uint64        `json:"index"`
	LeaderAgeMS int64         `json:"leader_age_ms"`
	Changes     []plan.Change `json:"changes,omitempty"`
}

// Changes are the changes of a message in their wire form, which is the same
// for everyone who is told of them.
type Changes []byte

// Encode brings changes into their wire form.
func Encode(changes []plan.Change) (Changes, error) {
	if len(changes) == 0 {
		return nil, nil
	}
	data, err := json.Marshal(changes)
	if err != nil {
		return nil, fmt.Errorf("encode changes: %w", err)
	}
	return data, nil
}

func decode(kind Kind, data []byte) (Message, error) {
	switch kind {
	case Snapshot, Change, Bookmark, Compacted:
	default:
		return Message{}, fmt.Errorf("unknown event %q", kind)
	}
	var p payload
	if err := json.Unmarshal(data, &p); err != nil {
		return Message{}, fmt.Errorf("decode %s: %w", kind, err)
	}
	return Message{
		Kind:      kind,
		Index:     p.Index,
		LeaderAge: time.Duration(p.LeaderAgeMS) * time.Millisecond,
		Changes:   p.Changes,
	}, nil
}
