package dial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/sqlite"
)

// Backup writes a consistent copy of a ledger to a file that must not exist,
// beside the processes that go on booking. PostgreSQL's is made by pg_dump. The
// file has its name once all of it is on disk: what was interrupted never has it.
func Backup(ctx context.Context, address, file string) error {
	if _, err := os.Stat(file); err == nil {
		return fmt.Errorf("back up ledger: %s exists", file)
	}
	part := file + ".part"
	os.Remove(part) // most of the time there is none
	defer os.Remove(part)
	if err := backup(ctx, address, part); err != nil {
		return err
	}
	if err := publish(part, file); err != nil {
		return fmt.Errorf("back up ledger: %w", err)
	}
	return nil
}

func backup(ctx context.Context, address, file string) error {
	path, isFile := strings.CutPrefix(address, "sqlite:")
	switch {
	case isFile && path != "":
		store, err := sqlite.OpenReadOnly(ctx, path)
		if err != nil {
			return err
		}
		defer store.Close()
		return store.Backup(ctx, file)
	case isPostgres(address):
		return dumpDatabase(ctx, address, file)
	}
	return unknown(address)
}

// publish gives a file its name when it is on disk. Unlike a rename, it replaces
// nothing.
func publish(staged, path string) error {
	file, err := os.Open(staged)
	if err != nil {
		return err
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Link(staged, path); err != nil {
		return err
	}
	return syncDirectory(filepath.Dir(path))
}

// Restore makes a ledger from a backup at an address where there is none: a file
// that does not exist or an empty database. It fails if the ledger is not sound,
// and sees to it that no number given out since the backup is given out again.
func Restore(ctx context.Context, file, address string) (ledger.Audit, error) {
	var a ledger.Audit
	var err error
	path, isFile := strings.CutPrefix(address, "sqlite:")
	switch {
	case isFile && path != "":
		a, err = restoreFile(ctx, file, path)
	case isPostgres(address):
		if err = restoreDatabase(ctx, file, address); err == nil {
			a, err = auditAt(ctx, address)
		}
	default:
		err = unknown(address)
	}
	if err != nil {
		return a, fmt.Errorf("restore ledger: %w", err)
	}
	return a, nil
}

// restoreFile works on a copy beside the place, which gets the name of the
// ledger when all is done: what was interrupted or is no ledger never has it.
func restoreFile(ctx context.Context, file, path string) (ledger.Audit, error) {
	// A journal that another ledger left behind would be played back into this one.
	for _, there := range []string{path, path + "-wal", path + "-journal"} {
		if _, err := os.Stat(there); err == nil {
			return ledger.Audit{}, fmt.Errorf("%s exists", there)
		}
	}
	staged := path + ".restoring"
	clear := func() {
		for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
			os.Remove(staged + suffix) // most are not there
		}
	}
	clear()
	defer clear()
	if err := copyFile(file, staged); err != nil {
		return ledger.Audit{}, err
	}
	if err := sqlite.Recognize(ctx, staged); err != nil {
		return ledger.Audit{}, err
	}
	if err := sqlite.Check(ctx, staged); err != nil {
		return ledger.Audit{}, err
	}
	a, err := settle(ctx, staged)
	if err != nil {
		return a, err
	}
	return a, publish(staged, path)
}

// settle audits what has been brought back to a file and marks it as restored.
func settle(ctx context.Context, path string) (a ledger.Audit, err error) {
	if a, err = auditAt(ctx, "sqlite:"+path); err != nil {
		return a, err
	}
	store, err := sqlite.Open(ctx, path)
	if err != nil {
		return a, err
	}
	return a, errors.Join(store.Restored(ctx, time.Now().UnixMilli()), store.Close())
}

// auditAt brings a ledger's schema up to date and fails unless it is sound.
func auditAt(ctx context.Context, address string) (a ledger.Audit, err error) {
	store, err := Open(ctx, address)
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if a, err = store.Audit(ctx); err != nil {
		return a, err
	}
	for invariant, n := range a.Violations() {
		if n != 0 {
			return a, fmt.Errorf("it is not sound: %d × %s", n, invariant)
		}
	}
	return a, nil
}

func syncDirectory(name string) error {
	directory, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}

// copyFile is done when the copy is on disk.
func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Sync()
}
