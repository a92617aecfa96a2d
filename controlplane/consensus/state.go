package consensus

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync/atomic"

	"github.com/hashicorp/raft"

	"sunbeon/controlplane/plan"
)

// state is the plan as raft drives it. Raft calls Apply, Snapshot and Restore
// from one goroutine; everyone else reads the plan and the feed.
type state struct {
	plan atomic.Pointer[plan.Plan]
	feed *feed
	// marks are the last few, oldest first.
	marks atomic.Pointer[[]Mark]

	journal Journal // nil: none
	logger  *slog.Logger

	// failed is closed, after failure was set, when an entry of the log could
	// not be taken in. From then on nothing is: going on would diverge.
	failed  chan struct{}
	failure error
}

// Mark is the hash of a node's plan at an index. Nodes mark the same indexes,
// so two that have the same mark index and other hashes have diverged.
type Mark struct {
	Index uint64 `json:"index"`
	Hash  string `json:"hash"` // hex
}

// markEvery is the distance of marks in commands.
const markEvery = 256

func newState(journal Journal, logger *slog.Logger) *state {
	s := &state{feed: newFeed(), failed: make(chan struct{}), journal: journal, logger: logger}
	s.plan.Store(plan.New())
	s.marks.Store(&[]Mark{})
	return s
}

// Apply implements [raft.FSM]: the response is a plan.Result, or an error once
// the node has failed.
func (s *state) Apply(entry *raft.Log) any {
	if s.failure != nil {
		return s.failure
	}
	command, err := decodeEntry(entry.Data)
	if err != nil {
		return s.fail(fmt.Errorf("read command at index %d: %w", entry.Index, err))
	}
	old := s.plan.Load()
	next, result, err := plan.Apply(old, entry.Index, command)
	if err != nil {
		return s.fail(fmt.Errorf("apply command at index %d: %w", entry.Index, err))
	}
	s.tell(old, next)
	// The plan goes first: who hears of a change must find it there.
	s.plan.Store(next)
	s.feed.publish(Event{Index: entry.Index, Changes: plan.Changes(old, next)})
	if next.Commands%markEvery == 0 {
		marks := append(slices.Clone(*s.marks.Load()), Mark{Index: entry.Index, Hash: next.Hash()})
		marks = marks[max(0, len(marks)-keptMarks):]
		s.marks.Store(&marks)
	}
	return result
}

// tell exports a command to the journal. Entries that raft applies again after
// a restart are in it already; what a snapshot replaced is not, and never will
// be.
func (s *state) tell(old, next *plan.Plan) {
	if s.journal == nil {
		return
	}
	last, chain := s.journal.Head()
	if next.Index <= last {
		return
	}
	if chain != old.Chain {
		s.journal.Gap(old.Index, old.Chain)
	}
	if s.journal.Append(next.Index, next.Entry()) != next.Chain {
		s.logger.Error("the audit does not continue the plan's chain", "index", next.Index)
	}
}

func (s *state) fail(err error) error {
	s.failure = err
	close(s.failed)
	return err
}

// Snapshot implements [raft.FSM]. The plan is immutable, so holding it is
// enough.
func (s *state) Snapshot() (raft.FSMSnapshot, error) {
	if s.failure != nil {
		return nil, s.failure
	}
	if s.journal != nil {
		// The log that could tell it again may go once there is a snapshot.
		if err := s.journal.Sync(); err != nil {
			return nil, fmt.Errorf("sync audit: %w", err)
		}
	}
	return snapshot{s.plan.Load()}, nil
}

// Restore implements [raft.FSM].
func (s *state) Restore(r io.ReadCloser) error {
	defer r.Close()
	encoded, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("read snapshot: %w", err)
	}
	p, err := plan.Decode(encoded)
	if err != nil {
		return fmt.Errorf("restore snapshot: %w", err)
	}
	s.plan.Store(p)
	s.feed.restart(p.Index)
	return nil
}

type snapshot struct{ plan *plan.Plan }

// Persist implements [raft.FSMSnapshot].
func (s snapshot) Persist(sink raft.SnapshotSink) error {
	if _, err := sink.Write(plan.Encode(s.plan)); err != nil {
		_ = sink.Cancel()
		return fmt.Errorf("write snapshot: %w", err)
	}
	return sink.Close()
}

// Release implements [raft.FSMSnapshot].
func (s snapshot) Release() {}
