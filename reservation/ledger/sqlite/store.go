// Package sqlite is the ledger in one SQLite file, for one machine.
//
// Several processes may open the same file. Writers take a lock file around
// their transaction: SQLite's own waiting starves some of them under load (one
// of four waited seconds), while the kernel's file lock serves in turn and is
// freed when its holder dies. Readers need no lock; they see the last commit.
package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"

	_ "modernc.org/sqlite" // registers the driver

	"sunbeon/reservation/ledger"
)

// Store is a ledger in a file.
type Store struct {
	path    string
	reads   *sql.DB
	lookups *sql.DB
	writes  *sql.DB // one connection
	batch   statements
	lookup  statements    // of one person
	seats   chan struct{} // one for each connection that looks persons up
	lock    *lockFile
	tally   ledger.Tally

	persons   *persons
	strangers int // batches in a row that knew nobody; under the writers' lock

	checkpoints *checkpoints // nil when opened to look at
}

var _ ledger.Store = (*Store)(nil)

// readers is the size of each pool that reads, of which one is for look-ups alone:
// they take well under a millisecond, and every connection keeps its own page cache.
const readers = 4

// Open opens or creates the ledger at path and brings its schema up to date.
func Open(ctx context.Context, path string) (*Store, error) {
	lock, err := openLock(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	s := &Store{path: path, lock: lock, persons: newPersons(generation)}
	err = s.open(ctx, path)
	if err == nil {
		_, _, err = s.Counts(ctx, 0) // now, or the first batch would do it in the lock
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("open ledger %s: %w", path, err)
	}
	s.startCheckpoints()
	return s, nil
}

func (s *Store) open(ctx context.Context, path string) (err error) {
	if s.writes, err = sql.Open("sqlite", source(path, false)); err != nil {
		return err
	}
	s.writes.SetMaxOpenConns(1)
	if s.reads, err = openReads(source(path, true)); err != nil {
		return err
	}
	if err := s.lock.Lock(ctx); err != nil {
		return err
	}
	defer s.lock.Unlock()
	if err := migrate(ctx, s.writes); err != nil {
		return err
	}
	if s.batch, err = prepareBatch(ctx, s.writes); err != nil {
		return err
	}
	if err := s.fileBacklog(ctx); err != nil {
		return err
	}
	return s.prepareLookup(ctx, source(path, true))
}

func openReads(source string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", source)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(readers)
	db.SetMaxIdleConns(readers)
	return db, nil
}

// OpenReadOnly opens an existing ledger without changing anything, next to the
// processes that write it.
func OpenReadOnly(ctx context.Context, path string) (*Store, error) {
	// The connection could write the shared-memory file of the WAL, which
	// reading beside a writer needs; the pragma refuses everything else.
	readOnly := source(path, true) + "&mode=rw"
	reads, err := openReads(readOnly)
	if err != nil {
		return nil, fmt.Errorf("open ledger %s: %w", path, err)
	}
	s := &Store{path: path, reads: reads, persons: newPersons(generation)}
	_, err = s.catalogVersion(ctx)
	if err == nil {
		err = s.prepareLookup(ctx, readOnly)
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("open ledger %s: %w", path, err)
	}
	return s, nil
}

func (s *Store) prepareLookup(ctx context.Context, source string) (err error) {
	if s.lookups, err = openReads(source); err != nil {
		return err
	}
	s.seats = make(chan struct{}, readers)
	s.lookup, err = prepare(ctx, s.lookups, loadPerson, loadAnswers)
	return err
}

// source is the driver's name for the file with its settings. FULL makes every
// commit wait for fsync of the WAL: acknowledged is on disk.
func source(path string, readOnly bool) string {
	q := url.Values{}
	q.Set("_busy_timeout", "10000")
	q.Set("_journal_mode", "WAL")
	q.Set("_synchronous", "FULL")
	q.Set("_dqs", "false")
	q.Set("_txlock", "immediate")
	// 8 MB: whenever a batch splits a page, its commit goes through the whole cache,
	// which costs more than to read pages again.
	q.Add("_pragma", "cache_size(-8192)")
	q.Add("_pragma", fmt.Sprintf("wal_autocheckpoint(%d)", lastCheckpointPages))
	q.Add("_pragma", "journal_size_limit(67108864)")
	if readOnly {
		q.Del("_journal_mode")
		q.Del("_txlock")
		q.Set("_query_only", "true")
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// Close waits for statements under way.
func (s *Store) Close() error {
	s.checkpoints.end()
	var first error
	for _, db := range []*sql.DB{s.reads, s.lookups, s.writes} {
		if db == nil {
			continue
		}
		if err := db.Close(); err != nil && first == nil {
			first = fmt.Errorf("close ledger: %w", err)
		}
	}
	if s.lock != nil {
		s.lock.Close()
	}
	return first
}
