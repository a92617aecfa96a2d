package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"

	"sunbeon/reservation/ledger"
)

// Restored leaves a gap in the numbers of bookings and events.
func (s *Store) Restored(ctx context.Context, nowMS int64) error {
	err := s.write(ctx, func() error {
		_, err := s.writes.ExecContext(ctx, `INSERT INTO restores SELECT ?, (`+loadLast+`) + ?`, nowMS, ledger.RestoreGap)
		return err
	})
	if err != nil {
		return fmt.Errorf("mark restore: %w", err)
	}
	return nil
}

// Backup writes a consistent copy to a file that does not exist yet, beside the
// processes that write the ledger.
func (s *Store) Backup(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: s.path}).EscapedPath()+"?mode=rw&_busy_timeout=10000")
	if err != nil {
		return fmt.Errorf("back up ledger: %w", err)
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, `VACUUM INTO ?`, path); err != nil {
		return fmt.Errorf("back up ledger: %w", err)
	}
	return nil
}

// Recognize fails unless the file holds a ledger, of whatever version: opening
// one makes a new ledger of a file that is empty.
func Recognize(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=ro")
	if err != nil {
		return fmt.Errorf("recognize ledger: %w", err)
	}
	defer db.Close()
	var bookings int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM bookings LIMIT 1)`).Scan(&bookings); err != nil {
		return fmt.Errorf("this is no ledger: %w", err)
	}
	return nil
}
