package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pressly/goose/v3"

	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/ledgertest"
	"sunbeon/reservation/ledger/postgres"
	"sunbeon/reservation/ledger/postgres/pgserver"
)

func open(ctx context.Context, url string) (ledger.Store, error) { return postgres.Open(ctx, url) }

func TestMain(m *testing.M) { ledgertest.Main(m, open) }

func TestConformance(t *testing.T) { ledgertest.Run(t, harness(ledgertest.Postgres(t))) }

func TestUpgrade(t *testing.T) {
	url, err := ledgertest.Postgres(t).Create(t.Context(), "ledger")
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ledgertest.Upgrade(t, goose.DialectPostgres, db, func() (ledger.Store, error) { return open(t.Context(), url) })
}

func harness(s *pgserver.Server) ledgertest.Harness {
	var n atomic.Int64
	return ledgertest.Harness{
		Create: func(t *testing.T) string {
			name := fmt.Sprintf("ledger_%d", n.Add(1))
			url, err := s.Create(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			unhelpful(t, url, name)
			return url
		},
		Open:   open,
		Driver: "pgx",
		Source: func(url string) string { return url },
	}
}

// unhelpful gives a database defaults under which whoever waits for the writers'
// lock would not see what was committed meanwhile.
func unhelpful(t *testing.T, url, name string) {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `ALTER DATABASE `+name+` SET default_transaction_isolation = 'repeatable read'`); err != nil {
		t.Fatal(err)
	}
}

func TestServerKilledInMidBatch(t *testing.T) {
	s := ledgertest.Postgres(t)
	powerCut := func(string) {
		if err := errors.Join(s.Kill(), s.Restart(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	lostBackends := func(string) {
		if err := s.KillBackends("ledger_1"); err != nil {
			t.Fatal(err)
		}
	}
	ledgertest.Outages(t, harness(s), powerCut, lostBackends, powerCut, lostBackends)
}

func TestManyProcessesMigrateAtOnce(t *testing.T) {
	url, err := ledgertest.Postgres(t).Create(t.Context(), "ledger")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.OpenReadOnly(t.Context(), url); err == nil {
		t.Error("a ledger that does not exist was opened")
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			s, err := postgres.Open(t.Context(), url)
			if err != nil {
				t.Error(err)
				return
			}
			s.Close()
		})
	}
	wg.Wait()
	s, err := postgres.OpenReadOnly(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Seed(t.Context(), ledger.Catalog{}); err == nil {
		t.Error("a ledger opened to look at took a write")
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	_, err := postgres.Open(t.Context(), "postgres://nobody:secret@127.0.0.1:1/ledger")
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v must be one, without the password", err)
	}
}
