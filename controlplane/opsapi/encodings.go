package opsapi

import (
	"sync"

	"sunbeon/controlplane/opsapi/stream"
	"sunbeon/controlplane/plan"
)

// encodingsBytes bounds what is kept of messages that were sent: a few whole
// plans, or thousands of changes.
const encodingsBytes = 8 << 20

// encodingKey names what any number of followers are told in the same words.
type encodingKey struct {
	kind   stream.Kind
	index  uint64
	topics string
}

// encodings keeps the wire form of the latest messages, so that a thousand
// followers who are told the same cost one encoding, and those who come back
// together after a node died one snapshot.
type encodings struct {
	mu    sync.Mutex
	kept  map[encodingKey]stream.Changes
	order []encodingKey // oldest first
	bytes int
}

func newEncodings() *encodings { return &encodings{kept: map[encodingKey]stream.Changes{}} }

// get encodes what changes returns, unless that was done for another follower.
// Those who ask meanwhile wait for it.
func (e *encodings) get(key encodingKey, changes func() []plan.Change) (stream.Changes, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if encoded, known := e.kept[key]; known {
		return encoded, nil
	}
	encoded, err := stream.Encode(changes())
	if err != nil {
		return nil, err
	}
	e.kept[key] = encoded
	e.order = append(e.order, key)
	e.bytes += len(encoded)
	for e.bytes > encodingsBytes && len(e.order) > 1 {
		e.bytes -= len(e.kept[e.order[0]])
		delete(e.kept, e.order[0])
		e.order = e.order[1:]
	}
	return encoded, nil
}
