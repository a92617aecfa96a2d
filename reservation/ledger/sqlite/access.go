package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"sunbeon/reservation/ledger"
)

var insertAccesses = into("accesses", "time_ms", "account", "action", "reason", "serial", "person")

// Accessed records what staff are about to see or do.
func (s *Store) Accessed(ctx context.Context, a ledger.Access) error {
	serials := a.Serials
	if len(serials) == 0 && a.Person != "" {
		serials = []int64{0}
	}
	var args []any
	for _, serial := range serials {
		args = append(args, a.TimeMS, a.Account, a.Action, a.Reason, serial, a.Person)
	}
	err := s.change(ctx, func(tx *sql.Tx) error { return insertAccesses.run(ctx, tx, args) })
	if err != nil {
		return fmt.Errorf("record access: %w", err)
	}
	return nil
}

const selectAccesses = `
SELECT time_ms, account, action, reason, serial, person FROM accesses
WHERE (?1 = 0 OR serial = ?1 OR person <> '' AND person = (SELECT person FROM bookings WHERE serial = ?1))
  AND (?2 = '' OR account = ?2) AND time_ms >= ?3
ORDER BY id DESC LIMIT ?4`

// Accesses returns the latest records of a query, oldest first.
func (s *Store) Accesses(ctx context.Context, q ledger.AccessQuery) ([]ledger.Access, error) {
	var list []ledger.Access
	err := scanAll(ctx, s.reads, selectAccesses, func(rows *sql.Rows) error {
		var a ledger.Access
		var serial int64
		err := rows.Scan(&a.TimeMS, &a.Account, &a.Action, &a.Reason, &serial, &a.Person)
		if serial != 0 {
			a.Serials = []int64{serial}
		}
		list = append(list, a)
		return err
	}, q.Serial, q.Account, q.SinceMS, cmp.Or(q.Limit, ledger.MostAccesses))
	if err != nil {
		return nil, fmt.Errorf("accesses: %w", err)
	}
	slices.Reverse(list)
	return list, nil
}
