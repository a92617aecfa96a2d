package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lockFile is an advisory lock between processes, first come first served. The
// kernel's lock belongs to the open file, so turn keeps the goroutines of one
// process apart. A nil lock is that of a ledger open to look at.
type lockFile struct {
	turn chan struct{} // holds a value while a goroutine has the lock or waits in the kernel
	file *os.File
}

var errReadOnly = errors.New("the ledger is open to look at only")

func openLock(path string) (*lockFile, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	return &lockFile{make(chan struct{}, 1), f}, nil
}

// Lock waits until ctx ends. The kernel frees the lock of a dead holder.
func (l *lockFile) Lock(ctx context.Context) error {
	if l == nil {
		return errReadOnly
	}
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return l.gaveUp(ctx)
	}
	err := l.flock(syscall.LOCK_EX | syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		// Nothing calls a goroutine back from the kernel: one waits there for us,
		// and puts back what it gets when nobody wants it any more.
		got := make(chan error, 1)
		go func() { got <- l.flock(syscall.LOCK_EX) }()
		select {
		case err = <-got:
		case <-ctx.Done():
			go func() {
				if <-got == nil {
					l.flock(syscall.LOCK_UN)
				}
				<-l.turn
			}()
			return l.gaveUp(ctx)
		}
	}
	if err != nil {
		<-l.turn
	}
	return err
}

func (l *lockFile) gaveUp(ctx context.Context) error {
	return fmt.Errorf("wait for %s: %w", l.file.Name(), context.Cause(ctx))
}

// Unlock gives the next process in line its turn.
func (l *lockFile) Unlock() error {
	defer func() { <-l.turn }()
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
