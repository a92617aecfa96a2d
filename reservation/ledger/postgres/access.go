package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"sunbeon/reservation/ledger"
)

// Accessed records what staff are about to see or do.
func (s *Store) Accessed(ctx context.Context, a ledger.Access) error {
	serials := a.Serials
	if len(serials) == 0 && a.Person != "" {
		serials = []int64{0}
	}
	_, err := s.pool.Exec(ctx, `
INSERT INTO accesses (time_ms, account, action, reason, serial, person) SELECT $1, $2, $3, $4, unnest($5::bigint[]), $6`,
		a.TimeMS, a.Account, a.Action, a.Reason, serials, a.Person)
	if err != nil {
		return fmt.Errorf("record access: %w", err)
	}
	return nil
}

const selectAccesses = `
SELECT time_ms, account, action, reason, serial, person FROM accesses
WHERE ($1 = 0 OR serial = $1 OR person <> '' AND person = (SELECT person FROM bookings WHERE serial = $1))
  AND ($2 = '' OR account = $2) AND time_ms >= $3
ORDER BY id DESC LIMIT $4`

// Accesses returns the latest records of a query, oldest first.
func (s *Store) Accesses(ctx context.Context, q ledger.AccessQuery) ([]ledger.Access, error) {
	type row struct {
		ledger.Access
		serial int64
	}
	rows, err := collect(ctx, s, selectAccesses, func(r *row) []any {
		return []any{&r.TimeMS, &r.Account, &r.Action, &r.Reason, &r.serial, &r.Person}
	}, q.Serial, q.Account, q.SinceMS, cmp.Or(q.Limit, ledger.MostAccesses))
	if err != nil {
		return nil, fmt.Errorf("accesses: %w", err)
	}
	list := make([]ledger.Access, len(rows))
	for i, r := range rows {
		list[i] = r.Access
		if r.serial != 0 {
			list[i].Serials = []int64{r.serial}
		}
	}
	slices.Reverse(list)
	return list, nil
}
