package record

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"sunbeon/reservation/waitingroom/tree"
)

// What a log refuses, and what ends it.
var (
	// ErrCorrupt: the directory holds something no crash of this log leaves.
	ErrCorrupt = errors.New("record is corrupt")
	// ErrLocked: another process has the directory.
	ErrLocked = errors.New("record is in use by another process")
	// ErrKey: the log was begun under another key.
	ErrKey = errors.New("record belongs to another key")
	// ErrSignature: a group's or receipt's signature does not fit.
	ErrSignature = errors.New("wrong signature")
	// ErrClosed: the log was closed.
	ErrClosed = errors.New("record is closed")
	// ErrNotFound: there is no such record.
	ErrNotFound = errors.New("no such record")
)

// Config of a log.
type Config struct {
	Dir string
	// Key signs every group.
	Key ed25519.PrivateKey
	// Now is the clock of the groups' one-second times.
	Now func() time.Time
	// Committed, if set, is told of every group that has become durable: how
	// many records, and how long writing and syncing took. It must be quick.
	Committed func(records int, took time.Duration)
	// SegmentBytes is the size after which a new file is begun; 0 is 64 MiB.
	SegmentBytes int64
}

func (c *Config) validate() error {
	switch {
	case c.Dir == "":
		return errors.New("record: no directory")
	case len(c.Key) != ed25519.PrivateKeySize:
		return errors.New("record: no signing key")
	case c.Now == nil:
		return errors.New("record: no clock")
	}
	if c.SegmentBytes == 0 {
		c.SegmentBytes = 64 << 20
	}
	return nil
}

// appender is the end of the file being written; tests break it.
type appender interface {
	Write([]byte) (int, error)
	Sync() error
	Close() error
}

// Log is the one writer of a directory. Append, Wait, Receipt and Find may be
// called from any number of goroutines.
type Log struct {
	config Config
	lock   *os.File
	wake   chan struct{} // one token: there is something to commit
	done   chan struct{} // closed when the writer has ended
	failed chan struct{}

	// durable is the number of records on disk.
	durable atomic.Uint64

	mu      sync.Mutex
	next    uint64   // position of the next record
	pending []*batch // not durable yet, oldest first
	recent  recent
	shelf   shelf
	groups  []groupAt // where every durable group is
	root    tree.Hash // over all durable groups
	// published is the durable part of the files.
	published []Segment
	took      time.Time // when the writer last took a group
	closing   bool
	err       error // why the log ended

	// These belong to the writer.
	file  appender
	path  string
	size  int64
	tree  tree.Frontier
	timeS int64 // of the last group
}

// groupAt finds a group on disk and in the tree of groups: 64 bytes for
// several hundred records.
type groupAt struct {
	first uint64
	leaf  tree.Hash
	place
}

// lull is how long a group stays open that nobody waits for. Its records share
// the signature and the fsync of the next one that somebody does wait for.
const lull = 50 * time.Millisecond

// A group costs a signature and an fsync, however many share it. So small ones
// that somebody waits for begin at least apart after each other; a crowd does not
// wait, and after a quiet while nobody does.
const (
	apart = 5 * time.Millisecond
	crowd = 32
)

// Append queues a record for the next group and returns its position: 0 for
// the first record of the log, then one more each. It copies the record and
// does not wait; the record is written soon when somebody waits for its group, or
// after a lull. Records of more than 64 KiB are a defect and panic.
func (l *Log) Append(record []byte) uint64 {
	if len(record) > maxRecord {
		panic(fmt.Sprintf("record of %d bytes", len(record)))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	position := l.next
	l.next++
	last := len(l.pending) - 1
	if last < 0 || l.pending[last].closed {
		b := newBatch(position)
		b.lull = time.AfterFunc(lull, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.hurry(b)
		})
		l.pending = append(l.pending, b)
		last++
	}
	b := l.pending[last]
	b.add(record)
	if b.full() {
		b.closed = true
	}
	if b.closed || b.awaited && len(b.ends) >= crowd {
		l.hurry(b)
	}
	return position
}

// expect has a batch written soon, as somebody waits for it. Callers hold mu.
func (l *Log) expect(b *batch) {
	wait := apart - time.Since(l.took)
	switch {
	case wait <= 0 || len(b.ends) >= crowd:
		l.hurry(b)
	case !b.awaited:
		b.lull.Reset(wait)
	}
	b.awaited = true
}

// hurry has a batch written now. Callers hold mu.
func (l *Log) hurry(b *batch) {
	if !b.due {
		b.due = true
		l.wakeWriter()
	}
}

func (l *Log) wakeWriter() {
	select {
	case l.wake <- struct{}{}:
	default: // it is awake already
	}
}

// Wait returns when the record at position is on disk. If ctx ends first it
// returns ctx's error, and the record's fate is open; any other error means
// that the log has ended and the process must stop.
func (l *Log) Wait(ctx context.Context, position uint64) error {
	if position < l.durable.Load() {
		return nil
	}
	b, err := l.pendingAt(position)
	if b == nil {
		return err
	}
	return b.wait(ctx)
}

// pendingAt returns the batch that holds position and has it written; nil and
// no error if it has become durable.
func (l *Log) pendingAt(position uint64) (*batch, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if position < l.durable.Load() {
		return nil, nil
	}
	if l.err != nil {
		return nil, l.err
	}
	for _, b := range l.pending {
		if position < b.first+uint64(len(b.ends)) {
			l.expect(b)
			return b, nil
		}
	}
	return nil, fmt.Errorf("%w: position %d of %d", ErrNotFound, position, l.next)
}

// Size is the number of records appended, durable or not.
func (l *Log) Size() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.next
}

// Groups returns the leaf hashes of all durable groups, in order: what
// inclusion and consistency proofs are computed from.
func (l *Log) Groups() []tree.Hash {
	l.mu.Lock()
	defer l.mu.Unlock()
	leaves := make([]tree.Hash, len(l.groups))
	for i := range leaves {
		leaves[i] = l.groups[i].leaf
	}
	return leaves
}

// Head returns how many groups are durable and the root over them: what a
// checkpoint signs.
func (l *Log) Head() (groups uint64, root tree.Hash) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return uint64(len(l.groups)), l.root
}

// Failed is closed when a write has failed and the process must stop.
func (l *Log) Failed() <-chan struct{} { return l.failed }

// Err says why the log has ended; nil while it has not.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Close commits what has been appended and releases the directory. Nothing may
// be appended any more.
func (l *Log) Close() error {
	l.mu.Lock()
	l.closing = true
	l.mu.Unlock()
	l.wakeWriter()
	<-l.done
	err := l.Err()
	if errors.Is(err, ErrClosed) {
		err = nil
	}
	return errors.Join(err, l.file.Close(), l.lock.Close())
}
