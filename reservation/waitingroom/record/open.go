package record

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// Recovery tells what [Open] found.
type Recovery struct {
	// Groups and Records there are.
	Groups, Records uint64
	// LastTimeS is when the last group was committed, in Unix seconds; 0 if
	// there is none.
	LastTimeS int64
	// Dropped is how many bytes of a group that a crash left unfinished, and
	// that was never acknowledged, were cut off.
	Dropped int64
}

// Open locks the directory, creating it if need be, drops what a crash left
// half-written, and hands every record there is to replay, whose argument is
// valid during the call. The error wraps [ErrLocked], [ErrCorrupt] or [ErrKey],
// or is replay's own.
func Open(config Config, replay func(position uint64, record []byte) error) (*Log, Recovery, error) {
	if err := config.validate(); err != nil {
		return nil, Recovery{}, err
	}
	if err := os.MkdirAll(config.Dir, 0o755); err != nil {
		return nil, Recovery{}, fmt.Errorf("open record: %w", err)
	}
	lock, err := lockDir(config.Dir)
	if err != nil {
		return nil, Recovery{}, fmt.Errorf("open record: %w", err)
	}
	l := &Log{
		config: config, lock: lock,
		wake: make(chan struct{}, 1), done: make(chan struct{}), failed: make(chan struct{}),
	}
	recovery, err := l.recover(replay)
	if err != nil {
		return nil, recovery, errors.Join(fmt.Errorf("open record: %w", err), lock.Close())
	}
	go l.run()
	return l, recovery, nil
}

func (l *Log) recover(replay func(uint64, []byte) error) (Recovery, error) {
	key := l.config.Key.Public().(ed25519.PublicKey)
	found, err := scan(l.config.Dir, func(g *Group, at place) error {
		if !bytes.Equal(g.Key, key) {
			return fmt.Errorf("%w: %s", ErrKey, at.path)
		}
		for i, r := range g.Records {
			if err := replay(g.First+uint64(i), r); err != nil {
				return fmt.Errorf("replay record %d: %w", g.First+uint64(i), err)
			}
		}
		l.groups = append(l.groups, groupAt{first: g.First, leaf: g.Leaf(), place: at})
		return nil
	})
	recovery := Recovery{Groups: found.groups.Size(), Records: found.positions, LastTimeS: found.lastTimeS}
	if tail := (*tailError)(nil); errors.As(err, &tail) && tail.torn {
		recovery.Dropped = tail.bytes
		err = tail.drop()
	}
	if err != nil {
		return recovery, err
	}
	l.tree, l.next, l.timeS = found.groups, found.positions, found.lastTimeS
	l.root = l.tree.Root()
	l.durable.Store(found.positions)
	if err := l.openEnd(found, key); err != nil {
		return recovery, err
	}
	return recovery, l.publishAll()
}

// drop cuts the torn group off; a file that has not even a header goes.
func (e *tailError) drop() error {
	if e.offset == 0 {
		if err := os.Remove(e.path); err != nil {
			return err
		}
		return syncDir(filepath.Dir(e.path))
	}
	file, err := os.OpenFile(e.path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	err = file.Truncate(e.offset)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// openEnd opens the file that is written next.
func (l *Log) openEnd(found scanned, key ed25519.PublicKey) error {
	if found.path == "" {
		file, err := createSegment(l.config.Dir, start{key: key})
		if err != nil {
			return err
		}
		l.file, l.path, l.size = file, file.Name(), segmentHeader
		return nil
	}
	file, err := os.OpenFile(found.path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if _, err := file.Seek(found.size, io.SeekStart); err != nil {
		return errors.Join(err, file.Close())
	}
	l.file, l.path, l.size = file, found.path, found.size
	return nil
}

// lockDir takes the directory for this process. The kernel lets go of the lock
// when the process dies, however it dies.
func lockDir(dir string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = fmt.Errorf("%w: %s", ErrLocked, dir)
		}
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
