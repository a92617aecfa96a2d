package record

import (
	"crypto/ed25519"
	"fmt"
	"runtime"
	"time"
)

// run is the writer: the only goroutine that touches the file.
func (l *Log) run() {
	defer close(l.done)
	for range l.wake {
		for {
			l.gather()
			b, end := l.take()
			if b == nil {
				if end {
					l.end(ErrClosed)
					return
				}
				break
			}
			if err := l.commit(b); err != nil {
				l.end(fmt.Errorf("write group %d: %w", l.tree.Size(), err))
				close(l.failed)
				return
			}
		}
	}
}

// gatherings bounds how often the writer steps back for others, and so how
// long the first of a group waits for the last.
const gatherings = 4

// gather lets whoever can run now get their record into the next group, as long
// as it grows by that: a group costs a signature and an fsync, however many
// share it. On an idle machine it takes no time.
func (l *Log) gather() {
	size := l.Size()
	for range gatherings {
		runtime.Gosched()
		grown := l.Size()
		if grown == size {
			return
		}
		size = grown
	}
}

// take closes the oldest pending batch and returns it; nil if none is due, and
// then whether there will never be another.
func (l *Log) take() (b *batch, end bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.pending) == 0 {
		return nil, l.closing
	}
	b = l.pending[0]
	if !b.due && !l.closing {
		return nil, false
	}
	b.closed = true
	b.lull.Stop()
	l.took = time.Now()
	return b, false
}

// commit makes a batch durable and releases those who wait for it.
func (l *Log) commit(b *batch) error {
	started := l.config.Now()
	if l.size > segmentHeader && l.size >= l.config.SegmentBytes {
		if err := l.rotate(b.first); err != nil {
			return err
		}
	}
	b.hash()
	b.head = Head{
		// A clock set back must not make the log look rewritten.
		Number: l.tree.Size(), TimeS: max(started.Unix(), l.timeS),
		First: b.first, Count: uint32(len(b.ends)),
		Root: b.tree.Root(), Tree: l.root,
	}
	b.signature = b.head.sign(l.config.Key)
	fillHeader(b.frame, &b.head, b.signature)
	if _, err := l.file.Write(b.frame); err != nil {
		return err
	}
	if err := l.file.Sync(); err != nil {
		return err
	}
	at := groupAt{first: b.first, leaf: b.head.Leaf(), place: place{path: l.path, offset: l.size}}
	l.size += int64(len(b.frame))
	l.tree.Add(at.leaf)
	l.timeS = b.head.TimeS
	root := l.tree.Root()

	l.mu.Lock()
	l.root = root
	l.publish()
	l.pending = l.pending[1:]
	l.groups = append(l.groups, at)
	l.recent.add(b)
	l.durable.Store(b.first + uint64(len(b.ends)))
	l.mu.Unlock()
	close(b.done)
	if l.config.Committed != nil {
		l.config.Committed(len(b.ends), l.config.Now().Sub(started))
	}
	return nil
}

// rotate begins a new file. The old one is whole: its last group was synced.
func (l *Log) rotate(first uint64) error {
	next := start{key: l.config.Key.Public().(ed25519.PublicKey), group: l.tree.Size(), first: first}
	file, err := createSegment(l.config.Dir, next)
	if err != nil {
		return fmt.Errorf("begin segment: %w", err)
	}
	old := l.file
	l.file, l.path, l.size = file, file.Name(), segmentHeader
	return old.Close()
}

// end fails whatever is still pending and everything that comes.
func (l *Log) end(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
	for _, b := range l.pending {
		b.err = err
		close(b.done)
	}
	l.pending = nil
}
