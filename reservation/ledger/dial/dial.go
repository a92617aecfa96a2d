// Package dial opens the ledger an address names. It is apart so that whoever
// uses a ledger need not link every store.
package dial

import (
	"context"
	"fmt"
	"strings"

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

// OpenReadOnly opens an existing ledger to look at.
func OpenReadOnly(ctx context.Context, address string) (ledger.Store, error) {
	path, isFile := strings.CutPrefix(address, "sqlite:")
	switch {
	case isFile && path != "":
		return sqlite.OpenReadOnly(ctx, path)
	case isPostgres(address):
		return postgres.OpenReadOnly(ctx, address)
	}
	return nil, unknown(address)
}

func isPostgres(address string) bool {
	return strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
}

func unknown(address string) error {
	scheme, _, _ := strings.Cut(address, ":") // an address may hold a password
	return fmt.Errorf("ledger address %q: use sqlite:PATH or postgres://…", scheme+":…")
}
