package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// CROSS JOIN fixes the order of the join: one look-up in the table for each
// element of the batch, never a scan.
const (
	loadPersons = `
SELECT ` + ledger.RowColumns + `
FROM json_each(?) AS j CROSS JOIN bookings AS b ON b.person = j.value`

	loadAnswers = `
SELECT a.person, a.key, a.digest, a.code, a.serial, a.first, a.second, a.freed, a.time_ms
FROM json_each(?) AS j CROSS JOIN answers AS a ON a.person = j.value ->> 0 AND a.key = j.value ->> 1`

	loadLast = `
SELECT max((SELECT coalesce(max(serial), 0) FROM bookings), (SELECT coalesce(max(floor), 0) FROM restores))`
)

// load reads all that the requests of a batch depend on. The tally is locked.
func (s *Store) load(ctx context.Context, q reader, batch []booking.Request) (state booking.State, settled int64, err error) {
	want := booking.Touched(batch)
	state = booking.NewState()
	if settled, err = s.catchUp(ctx, q); err != nil {
		return state, 0, fmt.Errorf("places: %w", err)
	}
	state.Places = s.tally.Places(want.Slots)
	if err := known(ctx, q, want.Persons, state); err != nil {
		return state, 0, err
	}
	if err := answered(ctx, q, want.Attempts, state); err != nil {
		return state, 0, err
	}
	err = scanAll(ctx, q, loadLast, func(rows *sql.Rows) error { return rows.Scan(&state.Last) })
	if err != nil {
		return state, 0, fmt.Errorf("last serial: %w", err)
	}
	return state, settled, nil
}

// known reads the persons' bookings, without the sealed data.
func known(ctx context.Context, q reader, persons []string, into booking.State) error {
	err := each(ctx, q, loadPersons, persons, func(rows *sql.Rows) error {
		m, err := ledger.ScanRow(rows)
		if err == nil {
			into.Know(m)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("bookings of persons: %w", err)
	}
	return nil
}

func answered(ctx context.Context, q reader, attempts []booking.Attempt, into booking.State) error {
	pairs := make([][2]string, len(attempts))
	for i, a := range attempts {
		pairs[i] = [2]string{a.Person, a.Key}
	}
	err := each(ctx, q, loadAnswers, pairs, func(rows *sql.Rows) error {
		r, err := ledger.ScanAnswer(rows)
		into.Answered[r.Attempt] = r
		return err
	})
	if err != nil {
		return fmt.Errorf("answers: %w", err)
	}
	return nil
}

// each runs a query whose only argument is a JSON array and scans its rows.
func each(ctx context.Context, q reader, query string, array any, scan func(*sql.Rows) error) error {
	arg, err := json.Marshal(array)
	if err != nil {
		return err
	}
	return scanAll(ctx, q, query, scan, string(arg))
}

func scanAll(ctx context.Context, q reader, query string, scan func(*sql.Rows) error, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
