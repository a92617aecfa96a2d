package sqlite

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
)

// lockFile is an advisory lock between processes, first come first served. The
// kernel's lock belongs to the open file, so the mutex keeps the goroutines of
// one process apart.
type lockFile struct {
	mu   sync.Mutex
	file *os.File
}

func openLock(path string) (*lockFile, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	return &lockFile{file: f}, nil
}

// Lock waits as long as it takes. The kernel frees the lock of a dead holder.
func (l *lockFile) Lock() error {
	l.mu.Lock()
	if err := l.flock(syscall.LOCK_EX); err != nil {
		l.mu.Unlock()
		return err
	}
	return nil
}

// Unlock gives the next process in line its turn.
func (l *lockFile) Unlock() error {
	defer l.mu.Unlock()
	return l.flock(syscall.LOCK_UN)
}

func (l *lockFile) Close() error { return l.file.Close() }

func (l *lockFile) flock(how int) error {
	for {
		err := syscall.Flock(int(l.file.Fd()), how)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("lock %s: %w", l.file.Name(), err)
		}
		return nil
	}
}
