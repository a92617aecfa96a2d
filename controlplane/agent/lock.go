package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Lock is an agent's hold on its directory: a second agent there would end the
// first one's processes as orphans.
type Lock struct{ file *os.File }

// Acquire makes dir where it is missing and takes it, or says that another
// agent has it.
func Acquire(dir string) (*Lock, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, "agent.lock"), os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, fmt.Errorf("lock data directory: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, fmt.Errorf("data directory %s is in use by another agent", dir)
	}
	return &Lock{file}, nil
}

// Release gives the directory free.
func (l *Lock) Release() error { return l.file.Close() }
