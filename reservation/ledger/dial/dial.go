// Package dial opens the ledger an address names. It is apart so that whoever
// uses a ledger need not link every store.
package dial

import (
	"context"
	"fmt"
	"strings"

	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/sqlite"
)

// Open opens the ledger at an address like sqlite:/var/lib/sunbeon/ledger.db,
// creating it if there is none.
func Open(ctx context.Context, address string) (ledger.Store, error) {
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok && path != "" {
		return sqlite.Open(ctx, path)
	}
	return nil, unknown(address)
}

// OpenReadOnly opens an existing ledger to look at.
func OpenReadOnly(ctx context.Context, address string) (ledger.Store, error) {
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok && path != "" {
		return sqlite.OpenReadOnly(ctx, path)
	}
	return nil, unknown(address)
}

func unknown(address string) error {
	scheme, _, _ := strings.Cut(address, ":") // an address may hold a password
	return fmt.Errorf("ledger address %q: use sqlite:PATH", scheme+":…")
}
