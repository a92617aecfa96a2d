package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"sunbeon/reservation/ledger"
)

var insertAccesses = into("accesses", "time_ms", "account", "action", "reason", "serial")

// Accessed records that staff saw personal data.
func (s *Store) Accessed(ctx context.Context, a ledger.Access) error {
	var args []any
	for _, serial := range a.Serials {
		args = append(args, a.TimeMS, a.Account, a.Action, a.Reason, serial)
	}
	err := s.write(func() error {
		tx, err := s.writes.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := insertAccesses.run(ctx, tx, args); err != nil {
			return err
		}
		return tx.Commit()
	})
	if err != nil {
		return fmt.Errorf("record access: %w", err)
	}
	return nil
}

// Accesses returns the records about a booking.
func (s *Store) Accesses(ctx context.Context, serial int64) ([]ledger.Access, error) {
	var list []ledger.Access
	err := scanAll(ctx, s.reads, `SELECT time_ms, account, action, reason FROM accesses WHERE serial = ? ORDER BY id`, func(rows *sql.Rows) error {
		a := ledger.Access{Serials: []int64{serial}}
		err := rows.Scan(&a.TimeMS, &a.Account, &a.Action, &a.Reason)
		list = append(list, a)
		return err
	}, serial)
	if err != nil {
		return nil, fmt.Errorf("accesses: %w", err)
	}
	return list, nil
}
