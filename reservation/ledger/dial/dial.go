// Package dial opens the ledger an address names. It is apart so that whoever
// uses a ledger need not link every store.
package dial

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/postgres"
	"sunbeon/reservation/ledger/sqlite"
)

// Open opens the ledger at an address, sqlite:/var/lib/sunbeon/ledger.db or
// postgres://user@host/database, and creates its tables if there are none.
func Open(ctx context.Context, address string) (ledger.Store, error) {
	path, isFile := strings.CutPrefix(address, "sqlite:")
	switch {
	case isFile && path != "":
		return sqlite.Open(ctx, path)
	case isPostgres(address):
		return postgres.Open(ctx, address)
	}
	return nil, unknown(address)
}

// ErrNone says that there is no ledger at an address.
var ErrNone = errors.New("there is no ledger")

// OpenReadOnly opens an existing ledger to look at. The error is ErrNone where
// there is no file, or nothing in the database.
func OpenReadOnly(ctx context.Context, address string) (ledger.Store, error) {
	path, isFile := strings.CutPrefix(address, "sqlite:")
	switch {
	case isFile && path != "":
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w at %s", ErrNone, path)
		}
		return sqlite.OpenReadOnly(ctx, path)
	case isPostgres(address):
		store, err := postgres.OpenReadOnly(ctx, address)
		if failed := new(pgconn.PgError); errors.As(err, &failed) && failed.Code == undefinedTable {
			return nil, fmt.Errorf("%w in this database", ErrNone)
		}
		return store, err
	}
	return nil, unknown(address)
}

const undefinedTable = "42P01"

func isPostgres(address string) bool {
	return strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
}

func unknown(address string) error {
	scheme, _, _ := strings.Cut(address, ":") // an address may hold a password
	return fmt.Errorf("ledger address %q: use sqlite:PATH or postgres://…", scheme+":…")
}
