package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"
)

// Whoever waits for another process must be able to stop waiting, and must not
// take the lock with them.
func TestWaitingForTheLockEndsWithTheContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	var locks [2]*lockFile // of two processes
	for i := range locks {
		l, err := openLock(path)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		locks[i] = l
	}
	if err := locks[0].Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	gone := errors.New("the caller has gone")
	for range 2 { // in the kernel, then behind the one who left
		ctx, leave := context.WithCancelCause(t.Context())
		time.AfterFunc(20*time.Millisecond, func() { leave(gone) })
		if err := locks[1].Lock(ctx); !errors.Is(err, gone) {
			t.Fatalf("waiting ended with %v", err)
		}
	}
	if err := locks[0].Unlock(); err != nil {
		t.Fatal(err)
	}
	for _, l := range []*lockFile{locks[1], locks[0]} {
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		if err := l.Lock(ctx); err != nil {
			t.Fatalf("the lock was lost: %v", err)
		}
		stop()
		if err := l.Unlock(); err != nil {
			t.Fatal(err)
		}
	}
	var none *lockFile
	if err := none.Lock(t.Context()); !errors.Is(err, errReadOnly) {
		t.Errorf("a ledger open to look at: %v", err)
	}
}
