package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"sunbeon/reservation/ledger"
)

const (
	follow = `
INSERT INTO followers AS f (name, holder, until_ms, after) VALUES ($1, $2, $3, 0)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms
WHERE f.holder = excluded.holder OR f.until_ms < $4
RETURNING after`

	followed = `UPDATE followers SET after = $3 WHERE name = $1 AND holder = $2 AND after < $3`
)

// Follow takes or keeps the lease of a follower of the outbox.
func (s *Store) Follow(ctx context.Context, name, holder string, nowMS, untilMS int64) (after int64, mine bool, err error) {
	err = s.pool.QueryRow(ctx, follow, name, holder, untilMS, nowMS).Scan(&after)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("follow outbox: %w", err)
	}
	return after, true, nil
}

// Followed moves a follower on.
func (s *Store) Followed(ctx context.Context, name, holder string, after int64) error {
	if _, err := s.pool.Exec(ctx, followed, name, holder, after); err != nil {
		return fmt.Errorf("follow outbox: %w", err)
	}
	return nil
}

// MarkRestored is the statement that leaves a gap in the numbers of bookings and
// events, for the transaction that brings a ledger back.
func MarkRestored(nowMS int64) string {
	return fmt.Sprintf(`INSERT INTO restores SELECT %d, (%s) + %d`, nowMS, loadLast, ledger.RestoreGap)
}

// Restored marks a ledger that was brought back by other means.
func (s *Store) Restored(ctx context.Context, nowMS int64) error {
	err := pgx.BeginTxFunc(ctx, s.pool, writing, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, MarkRestored(nowMS))
		return err
	})
	if err != nil {
		return fmt.Errorf("mark restore: %w", err)
	}
	return nil
}
