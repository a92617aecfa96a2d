package ledgertest

import (
	"errors"
	"os"
	"testing"

	"sunbeon/reservation/ledger/postgres/pgserver"
)

// Postgres starts a server that ends with the test. Where there is none to be
// started the test is left out loudly, or fails where CI=true.
func Postgres(t testing.TB) *pgserver.Server {
	t.Helper()
	server, err := pgserver.Start(t.Context())
	if errors.Is(err, pgserver.ErrNotInstalled) && os.Getenv("CI") != "true" {
		t.Skipf("NOT TESTED: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server
}
