package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"

	"sunbeon/reservation/ledger"
)

// Restored leaves a gap in the serials and in the ids of the outbox.
func (s *Store) Restored(ctx context.Context, nowMS int64) error {
	err := s.write(ctx, func() error {
		tx, err := s.writes.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		for _, step := range []struct {
			statement string
			args      []any
		}{
			{`INSERT INTO restores SELECT ?, coalesce(max(serial), 0) + ? FROM bookings`, []any{nowMS, ledger.RestoreGap}},
			{`INSERT INTO sqlite_sequence (name, seq) SELECT 'outbox', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'outbox')`, nil},
			{`UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'outbox'`, []any{ledger.RestoreGap}},
		} {
			if _, err := tx.ExecContext(ctx, step.statement, step.args...); err != nil {
				return err
			}
		}
		return tx.Commit()
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
