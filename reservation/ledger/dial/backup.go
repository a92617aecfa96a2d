package dial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/sqlite"
)

// Backup writes a consistent copy of a ledger to a file that must not exist,
// beside the processes that go on booking. PostgreSQL's is made by pg_dump.
func Backup(ctx context.Context, address, file string) error {
	if _, err := os.Stat(file); err == nil {
		return fmt.Errorf("back up ledger: %s exists", file)
	}
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
		return postgresTool(ctx, address, "pg_dump", "--format=custom", "--no-owner", "--file="+file)
	}
	return unknown(address)
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
		err = postgresTool(ctx, address, "pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", "--dbname=", file)
		if err == nil {
			a, err = settle(ctx, address)
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
	if _, err := os.Stat(path); err == nil {
		return ledger.Audit{}, fmt.Errorf("%s exists", path)
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
	a, err := settle(ctx, "sqlite:"+staged)
	if err != nil {
		return a, err
	}
	if err := os.Link(staged, path); err != nil { // unlike a rename, it replaces nothing
		return a, err
	}
	return a, syncDirectory(filepath.Dir(path))
}

// settle audits what has been brought back and marks it as restored.
func settle(ctx context.Context, address string) (a ledger.Audit, err error) {
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
	return a, store.Restored(ctx, time.Now().UnixMilli())
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

// postgresTool runs one of PostgreSQL's programs on a database. What the address
// says goes into the environment: the command line is everybody's to see, and it
// may hold a password.
func postgresTool(ctx context.Context, address, tool string, args ...string) error {
	cfg, err := pgconn.ParseConfig(address)
	if err != nil {
		return fmt.Errorf("ledger address: %w", err)
	}
	for i := range args {
		if args[i] == "--dbname=" {
			args[i] += cfg.Database
		}
	}
	cmd := exec.CommandContext(ctx, tool, args...)
	cmd.Env = append(os.Environ(), "PGHOST="+cfg.Host, "PGPORT="+strconv.Itoa(int(cfg.Port)),
		"PGUSER="+cfg.User, "PGPASSWORD="+cfg.Password, "PGDATABASE="+cfg.Database)
	if u, err := url.Parse(address); err == nil && u.Query().Get("sslmode") != "" {
		cmd.Env = append(cmd.Env, "PGSSLMODE="+u.Query().Get("sslmode"))
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", tool, err, strings.TrimSpace(string(out)))
	}
	return nil
}
