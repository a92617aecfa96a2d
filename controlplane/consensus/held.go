package consensus

import (
	"fmt"
	"sync/atomic"

	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
)

// heldKey stands in the log's metadata once the node has acknowledged an entry.
var heldKey = []byte("sunbeon.held")

// entryLog remembers that it has held entries. The log takes a tail it cannot
// read for one that was never acknowledged; where that is everything, only this
// tells a node that has lost its log from one that never had any.
type entryLog struct {
	*wal.WAL
	held atomic.Bool
}

// StoreLogs implements [raft.LogStore]. The mark follows the first entries and
// comes before they are acknowledged.
func (l *entryLog) StoreLogs(entries []*raft.Log) error {
	if err := l.WAL.StoreLogs(entries); err != nil {
		return err
	}
	return l.mark()
}

// StoreLog implements [raft.LogStore].
func (l *entryLog) StoreLog(entry *raft.Log) error { return l.StoreLogs([]*raft.Log{entry}) }

func (l *entryLog) mark() error {
	if l.held.Load() {
		return nil
	}
	if err := l.SetUint64(heldKey, 1); err != nil {
		return fmt.Errorf("mark the log as begun: %w", err)
	}
	l.held.Store(true)
	return nil
}

// check finds a node that has voted, or acknowledged entries, and yet has no
// log: it might now vote for a leader that lacks what it has itself
// acknowledged. A node that was spoken to and has none yet is not one.
func (l *entryLog) check(snapshots int) error {
	last, err := l.LastIndex()
	if err != nil {
		return fmt.Errorf("read last index: %w", err)
	}
	held, err := l.GetUint64(heldKey)
	if err != nil {
		return fmt.Errorf("read mark of the log: %w", err)
	}
	voted, err := l.GetUint64([]byte("LastVoteTerm"))
	if err != nil {
		return fmt.Errorf("read last vote: %w", err)
	}
	l.held.Store(held > 0)
	switch {
	case last > 0 || snapshots > 0:
		return l.mark() // a release without the mark may have written it
	case held > 0 || voted > 0:
		return fmt.Errorf("%w: no entries, though the node has held some (last vote in term %d)", ErrDamaged, voted)
	}
	return nil
}
