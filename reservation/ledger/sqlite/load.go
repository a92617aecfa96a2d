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
	// Takes tags, and the serials of those bookings that the table of persons may
	// not have.
	loadPersons = `
SELECT ` + ledger.RowColumns + ` FROM json_each(?) AS j CROSS JOIN persons AS p ON p.tag = j.value CROSS JOIN bookings AS b ON b.serial = p.serial
UNION ALL
SELECT ` + ledger.RowColumns + ` FROM json_each(?) AS j CROSS JOIN bookings AS b ON b.serial = j.value`

	// Takes [attempts].
	loadAnswers = `
SELECT a.person, a.key, a.digest, a.code, a.serial, a.first, a.second, a.freed, a.time_ms
FROM json_each(?) AS j CROSS JOIN answers AS a ON a.person = j.key AND a.key = j.value`
)

// load reads all that the requests of a batch depend on, beside the places that
// have been read already and are locked.
func (s *Store) load(ctx context.Context, q reader, batch []booking.Request, last int64) (booking.State, error) {
	want := booking.Touched(batch)
	state := booking.NewState(len(batch))
	state.Last, state.Places = last, s.tally.Places(want.Slots)
	wanted, err := attempts(want.Attempts)
	if err != nil {
		return state, err
	}
	if err := s.known(ctx, q, want.Persons, state); err != nil {
		return state, err
	}
	if err := answered(ctx, q, wanted, state); err != nil {
		return state, err
	}
	if s.strangers++; len(state.Answered) > 0 {
		s.strangers = 0
	}
	return state, nil
}

// attempts makes a JSON object of persons and their keys. A person who tried
// twice stands in it twice.
func attempts(list []booking.Attempt) (string, error) {
	object := []byte{'{'}
	for i, a := range list {
		person, err := json.Marshal(a.Person)
		if err != nil {
			return "", err
		}
		key, err := json.Marshal(a.Key)
		if err != nil {
			return "", err
		}
		if i > 0 {
			object = append(object, ',')
		}
		object = append(append(append(object, person...), ':'), key...)
	}
	return string(append(object, '}')), nil
}

// known reads the bookings of persons, and of any who share their tags, without
// the sealed data.
func (s *Store) known(ctx context.Context, q reader, list []string, into booking.State) error {
	tags, recent := s.persons.Find(list)
	inTable, err := json.Marshal(tags)
	if err != nil {
		return err
	}
	inMemory, err := json.Marshal(recent)
	if err != nil {
		return err
	}
	return knownBy(ctx, q, into, loadPersons, string(inTable), string(inMemory))
}

// knownBy enters the bookings a query finds.
func knownBy(ctx context.Context, q reader, into booking.State, query string, args ...any) error {
	err := scanAll(ctx, q, query, func(rows *sql.Rows) error {
		m, err := ledger.ScanRow(rows)
		if err == nil {
			into.Know(m)
		}
		return err
	}, args...)
	if err != nil {
		return fmt.Errorf("bookings of persons: %w", err)
	}
	return nil
}

func answered(ctx context.Context, q reader, attempts string, into booking.State) error {
	err := scanAll(ctx, q, loadAnswers, func(rows *sql.Rows) error {
		r, err := ledger.ScanAnswer(rows)
		into.Answered[r.Attempt] = r
		return err
	}, attempts)
	if err != nil {
		return fmt.Errorf("answers: %w", err)
	}
	return nil
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
