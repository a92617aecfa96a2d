package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

const (
	follow = `
INSERT INTO followers (name, holder, until_ms, after) VALUES (?1, ?2, ?3, 0)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms
WHERE holder = excluded.holder OR until_ms < ?4
RETURNING after`

	followed = `UPDATE followers SET after = ?3 WHERE name = ?1 AND holder = ?2 AND after < ?3`
)

// Follow takes or keeps the lease of a follower of the outbox.
func (s *Store) Follow(ctx context.Context, name, holder string, nowMS, untilMS int64) (after int64, mine bool, err error) {
	err = s.write(ctx, func() error { return s.writes.QueryRowContext(ctx, follow, name, holder, untilMS, nowMS).Scan(&after) })
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("follow outbox: %w", err)
	}
	return after, true, nil
}

// Followed moves a follower on.
func (s *Store) Followed(ctx context.Context, name, holder string, after int64) error {
	err := s.write(ctx, func() error {
		_, err := s.writes.ExecContext(ctx, followed, name, holder, after)
		return err
	})
	if err != nil {
		return fmt.Errorf("follow outbox: %w", err)
	}
	return nil
}

// write does something in its turn among the processes.
func (s *Store) write(ctx context.Context, do func() error) error {
	if err := s.lock.Lock(ctx); err != nil {
		return err
	}
	defer s.lock.Unlock()
	return do()
}

// change does something in one transaction, in its turn among the processes.
func (s *Store) change(ctx context.Context, do func(*sql.Tx) error) error {
	return s.write(ctx, func() error {
		tx, err := s.writes.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if err := do(tx); err != nil {
			return err
		}
		return tx.Commit()
	})
}
