package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"sunbeon/reservation/ledger"
)

// Accessed records that staff saw personal data.
func (s *Store) Accessed(ctx context.Context, a ledger.Access) error {
	_, err := s.pool.Exec(ctx, `
INSERT INTO accesses (time_ms, account, action, reason, serial) SELECT $1, $2, $3, $4, unnest($5::bigint[])`,
		a.TimeMS, a.Account, a.Action, a.Reason, a.Serials)
	if err != nil {
		return fmt.Errorf("record access: %w", err)
	}
	return nil
}

// Accesses returns the records about a booking.
func (s *Store) Accesses(ctx context.Context, serial int64) ([]ledger.Access, error) {
	rows, err := s.pool.Query(ctx, `SELECT time_ms, account, action, reason FROM accesses WHERE serial = $1 ORDER BY id`, serial)
	if err != nil {
		return nil, fmt.Errorf("accesses: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (ledger.Access, error) {
		a := ledger.Access{Serials: []int64{serial}}
		return a, row.Scan(&a.TimeMS, &a.Account, &a.Action, &a.Reason)
	})
	if err != nil {
		return nil, fmt.Errorf("accesses: %w", err)
	}
	return list, nil
}
