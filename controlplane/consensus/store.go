package consensus

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
	"github.com/hashicorp/raft-wal/fs"
	"github.com/hashicorp/raft-wal/metadb"
	"github.com/hashicorp/raft-wal/segment"
	"github.com/hashicorp/raft-wal/types"
)

// ErrInUse means that another process holds the node's directory.
var ErrInUse = errors.New("directory is in use by another process")

// ErrDamaged means that the log on disk cannot be read. The node's directory
// has to be moved away; started on an empty one, it gets everything from the
// others.
var ErrDamaged = errors.New("the log is damaged")

const (
	// segmentSize of the log: a command is a few hundred bytes, so that a
	// segment holds about ten thousand.
	segmentSize   = 4 << 20
	keptSnapshots = 2
)

// store is what a node keeps on disk.
type store struct {
	lock      *os.File
	meta      io.Closer
	logs      *entryLog
	snapshots *raft.FileSnapshotStore
}

// openStore opens or makes the directory. The lock comes first: opening a log
// that another process holds would wait for ever.
func openStore(dir string, logger hclog.Logger) (_ *store, err error) {
	s := &store{}
	defer func() {
		if err != nil {
			_ = s.Close()
		}
	}()
	logDir := filepath.Join(dir, "log")
	if err := os.MkdirAll(logDir, 0o700); err != nil {
		return nil, fmt.Errorf("make log directory: %w", err)
	}
	if s.lock, err = lockDirectory(dir); err != nil {
		return nil, err
	}
	meta := &metadb.BoltMetaDB{}
	s.meta = meta
	logs, err := wal.Open(logDir,
		wal.WithMetaStore(meta), wal.WithSegmentFiler(segments{segment.NewFiler(logDir, fs.New())}),
		wal.WithSegmentSize(segmentSize), wal.WithLogger(logger.Named("wal")))
	if err != nil {
		return nil, fmt.Errorf("open log in %s: %w", logDir, err)
	}
	s.logs = &entryLog{WAL: logs}
	if s.snapshots, err = raft.NewFileSnapshotStoreWithLogger(dir, keptSnapshots, logger.Named("snapshot")); err != nil {
		return nil, fmt.Errorf("open snapshots in %s: %w", dir, err)
	}
	return s, nil
}

func lockDirectory(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "LOCK"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s: %w", dir, ErrInUse)
		}
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return f, nil
}

// segments of the log. raft-wal 0.4.0 cuts off what a new leader contradicts
// without the index it asks a finished segment for when the log is opened
// again, and the node would never start (its issue 31). Read like an unfinished
// one, such a segment needs no index.
type segments struct{ *segment.Filer }

// Open implements [types.SegmentFiler].
func (s segments) Open(info types.SegmentInfo) (types.SegmentReader, error) {
	if info.IndexStart == 0 {
		return s.RecoverTail(info)
	}
	return s.Filer.Open(info)
}

// check finds a directory whose node must not go on.
func (s *store) check() error {
	snapshots, err := s.snapshots.List()
	if err != nil {
		return fmt.Errorf("list snapshots: %w", err)
	}
	return s.logs.check(len(snapshots))
}

// Close releases what was opened, in reverse order. The log does not close its
// metadata file by itself.
func (s *store) Close() error {
	var errs []error
	if s.logs != nil {
		errs = append(errs, s.logs.Close())
	}
	if s.meta != nil {
		errs = append(errs, s.meta.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}
