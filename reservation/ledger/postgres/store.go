// Package postgres is the ledger in PostgreSQL, for several machines.
//
// Writers take one advisory lock for the length of their transaction. Batches
// therefore never deadlock and never fail to serialise, whatever they touch.
// Reads take no lock.
package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"sunbeon/reservation/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is a ledger in a database.
type Store struct {
	pool   *pgxpool.Pool
	writes *pgxpool.Pool // nil when opened to look at
	tally  ledger.Tally

	shared    atomic.Bool  // another process wrote before the last batch that looked
	strangers atomic.Int64 // batches in a row that looked and found nobody known
}

// batching are the settings of the connections that write. Plans are made when
// the tables are empty and kept while they grow, and an empty table is best
// scanned: so only look-ups by index, one for each element of the batch.
var batching = []string{
	"enable_seqscan", "off", "enable_bitmapscan", "off", "enable_hashjoin", "off", "enable_mergejoin", "off", "jit", "off",
	"plan_cache_mode", "force_generic_plan",
}

// writers is the size of the pool that writes: a batch, and an import.
const writers = 2

var _ ledger.Store = (*Store)(nil)

// Open connects to the database at a postgres:// URL and brings its schema up to
// date.
func Open(ctx context.Context, url string) (*Store, error) {
	pool, err := connect(ctx, url, 0)
	if err != nil {
		return nil, err
	}
	s := &Store{pool: pool}
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	if err := migrate(ctx, db); err != nil {
		s.Close()
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	if s.writes, err = connect(ctx, url, writers, batching...); err != nil {
		s.Close()
		return nil, err
	}
	// Now, or the first batch would do it in the lock.
	if _, _, err := s.Counts(ctx, 0); err != nil {
		s.Close()
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	return s, nil
}

// OpenReadOnly connects to an existing ledger without changing anything.
func OpenReadOnly(ctx context.Context, url string) (*Store, error) {
	pool, err := connect(ctx, url, 0, "default_transaction_read_only", "on")
	if err != nil {
		return nil, err
	}
	s := &Store{pool: pool}
	if _, err := s.catalogVersion(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	return s, nil
}

// connect makes a pool of at most so many connections, 0 for what the URL says.
func connect(ctx context.Context, url string, connections int32, settings ...string) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("ledger address: %w", err)
	}
	if connections > 0 {
		cfg.MaxConns = connections
	}
	// Whatever the server's defaults: acknowledged is on disk, and who has waited
	// for the writers' lock sees what was committed meanwhile.
	settings = append(settings, "synchronous_commit", "on", "default_transaction_isolation", "read committed",
		"application_name", "sunbeon")
	for i := 0; i < len(settings); i += 2 {
		cfg.ConnConfig.RuntimeParams[settings[i]] = settings[i+1]
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	return pool, nil
}

func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	one, err := lock.NewPostgresSessionLocker() // processes start together
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(one))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// Close waits for statements under way.
func (s *Store) Close() error {
	if s.writes != nil {
		s.writes.Close()
	}
	s.pool.Close()
	return nil
}

var errReadOnly = errors.New("the ledger is open to look at only")
