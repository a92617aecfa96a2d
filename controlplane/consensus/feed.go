package consensus

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"sunbeon/controlplane/plan"
)

// ErrCompacted means that what follows the index asked for is no longer held:
// start over from [Node.Plan].
var ErrCompacted = errors.New("the changes after this index are no longer held")

// ErrClosed means that the node was closed.
var ErrClosed = errors.New("the node is closed")

// Event is everything one command changed. Commands that changed nothing make
// no event.
type Event struct {
	Index   uint64
	Changes []plan.Change
}

func (e Event) size() int {
	n := 64
	for _, c := range e.Changes {
		n += len(c.Key) + len(c.Value) + 64
	}
	return n
}

// Bounds of the feed: whichever is reached first drops the oldest event. A
// follower that reconnects within a minute of a busy evening resumes.
const (
	feedEvents = 4096
	feedBytes  = 4 << 20
)

// feed is a bounded list of the latest events that any number of followers
// read at their own pace. Nothing is kept per follower, and nobody waits for a
// slow one: it finds its place compacted.
type feed struct {
	mu     sync.Mutex
	events []Event // ascending
	bytes  int
	floor  uint64        // everything after it that happened is in events
	last   uint64        // the newest index, whether it changed something or not
	moved  chan struct{} // closed and replaced when last moves
	closed bool
}

func newFeed() *feed { return &feed{moved: make(chan struct{})} }

func (f *feed) publish(e Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(e.Changes) > 0 {
		f.events = append(f.events, e)
		f.bytes += e.size()
	}
	drop := 0
	for drop < len(f.events) && (len(f.events)-drop > feedEvents || f.bytes > feedBytes) {
		f.bytes -= f.events[drop].size()
		f.floor = f.events[drop].Index
		f.events[drop] = Event{}
		drop++
	}
	f.events = f.events[drop:]
	f.moveTo(e.Index)
}

// restart forgets everything: the plan was replaced by a snapshot at index.
func (f *feed) restart(index uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events, f.bytes, f.floor = nil, 0, index
	f.moveTo(index)
}

func (f *feed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.closed {
		f.closed = true
		close(f.moved)
	}
}

// moveTo wakes everyone who waits. The caller holds mu.
func (f *feed) moveTo(index uint64) {
	f.last = index
	if !f.closed {
		close(f.moved)
		f.moved = make(chan struct{})
	}
}

// after returns the first event behind index that match accepts, or how far
// there is none and a channel to wait on.
func (f *feed) after(index uint64, match func(plan.Change) bool) (e Event, upTo uint64, moved <-chan struct{}, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if index < f.floor {
		return Event{}, 0, nil, ErrCompacted
	}
	at, held := slices.BinarySearchFunc(f.events, index, func(e Event, i uint64) int { return cmp.Compare(e.Index, i) })
	if held {
		at++
	}
	for _, e := range f.events[at:] {
		if e, ok := filter(e, match); ok {
			return e, e.Index, nil, nil
		}
	}
	if f.closed {
		return Event{}, 0, nil, ErrClosed
	}
	return Event{}, max(index, f.last), f.moved, nil
}

func filter(e Event, match func(plan.Change) bool) (Event, bool) {
	if match == nil {
		return e, true
	}
	rest := slices.DeleteFunc(slices.Clone(e.Changes), func(c plan.Change) bool { return !match(c) })
	return Event{Index: e.Index, Changes: rest}, len(rest) > 0
}

// Subscription is one follower's place in the feed. It is for one goroutine
// and needs no closing.
type Subscription struct {
	feed  *feed
	match func(plan.Change) bool
	index uint64
}

// Subscribe follows the plan from the index a follower already holds, which it
// has from [Node.Plan] or from an earlier event. Without topics it gets all.
func (n *Node) Subscribe(since uint64, topics ...plan.Topic) *Subscription {
	s := &Subscription{feed: n.state.feed, index: since}
	if len(topics) > 0 {
		s.match = func(c plan.Change) bool { return slices.Contains(topics, c.Topic) }
	}
	return s
}

// Next waits for the next event. Its error is [ErrCompacted] when the follower
// fell too far behind, [ErrClosed] when the node stops, or that of ctx, after
// which Next may be called again.
func (s *Subscription) Next(ctx context.Context) (Event, error) {
	for {
		e, upTo, moved, err := s.feed.after(s.index, s.match)
		if err != nil {
			return Event{}, err
		}
		s.index = upTo
		if moved == nil {
			return e, nil
		}
		select {
		case <-ctx.Done():
			return Event{}, ctx.Err()
		case <-moved:
		}
	}
}

// Index is how far the follower has seen everything it asked for; a bookmark
// carries it.
func (s *Subscription) Index() uint64 { return s.index }
