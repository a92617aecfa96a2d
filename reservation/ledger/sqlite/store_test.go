package sqlite_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"

	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/ledgertest"
	"sunbeon/reservation/ledger/sqlite"
)

func open(ctx context.Context, path string) (ledger.Store, error) { return sqlite.Open(ctx, path) }

func TestMain(m *testing.M) { ledgertest.Main(m, open) }

func TestConformance(t *testing.T) {
	ledgertest.Run(t, ledgertest.Harness{
		Create: func(t *testing.T) string { return filepath.Join(t.TempDir(), "ledger.db") },
		Open:   open,
		Driver: "sqlite",
		Source: func(path string) string { return "file:" + path + "?_busy_timeout=10000" },
	})
}

func TestUpgrade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ledgertest.Upgrade(t, goose.DialectSQLite3, db, func() (ledger.Store, error) { return open(t.Context(), path) })
}

// A ledger in which somebody has two bookings is not brought up to date, and told of
// by both; once one of them is gone it is.
func TestUpgradeNamesWhoIsBookedTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS("migrations"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), 6); err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), `INSERT INTO bookings VALUES
  (3, 'a', 5, 0, 1, 0, 'k', 1, 1, 0, 'c', 'p', '', 1, 1, x'', 1), (4, 'b', 0, 1, 1, 0, 'k', 1, 1, 0, 'c', 'p', '', 1, 1, x'', 1),
  (5, 'a', 0, 1, 1, 0, 'l', 1, 1, 0, 'c', 'p', '', 1, 1, x'', 1), (9, 'a', 0, 0, 1, 0, 'm', 1, 1, 0, 'c', 'p', '', 1, 1, x'', 1)`)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "serials 5 and 9") {
			t.Fatalf("opened with %v", err)
		}
	}
	if _, err := db.ExecContext(t.Context(), `DELETE FROM bookings WHERE serial = 9`); err != nil {
		t.Fatal(err)
	}
	store, err := open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	store.Close()
}

func TestReadOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a ledger?#%.db")
	if _, err := sqlite.OpenReadOnly(t.Context(), path); err == nil {
		t.Fatal("a ledger that does not exist was opened")
	}
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := sqlite.OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Audit(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOpenRefusesWhatIsNoLedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	garbage := []byte(strings.Repeat("this is not a database ", 500))
	if err := os.WriteFile(path, garbage, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v does not name the file", err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(garbage) {
		t.Error("the file was changed")
	}
}
