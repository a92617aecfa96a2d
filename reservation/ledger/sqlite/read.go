package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// Latest returns the person's latest booking.
func (s *Store) Latest(ctx context.Context, person string) (booking.Booking, error) {
	state := booking.NewState()
	if err := known(ctx, s.lookup, []string{person}, state); err != nil {
		return booking.Booking{}, err
	}
	b, ok := state.Latest[person]
	if !ok {
		return booking.Booking{}, fmt.Errorf("booking of the person: %w", ledger.ErrNotFound)
	}
	return b, nil
}

// Answer returns the answer recorded for an attempt.
func (s *Store) Answer(ctx context.Context, a booking.Attempt) (booking.Recorded, error) {
	state := booking.NewState()
	err := known(ctx, s.lookup, []string{a.Person}, state)
	if _, made := state.Answered[a]; err == nil && !made {
		err = answered(ctx, s.lookup, []booking.Attempt{a}, state)
	}
	if err != nil {
		return booking.Recorded{}, err
	}
	r, ok := state.Answered[a]
	if !ok {
		return booking.Recorded{}, fmt.Errorf("answer: %w", ledger.ErrNotFound)
	}
	return r, nil
}

const selectBooking = `SELECT ` + row + `, b.sealed FROM bookings AS b `

// Find returns the booking of that serial, sealed data included.
func (s *Store) Find(ctx context.Context, serial int64) (booking.Booking, error) {
	b, err := scanBooking(s.reads.QueryRowContext(ctx, selectBooking+`WHERE b.serial = ?`, serial).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return b, fmt.Errorf("booking %d: %w", serial, ledger.ErrNotFound)
	}
	if err != nil {
		return b, fmt.Errorf("booking %d: %w", serial, err)
	}
	return b, nil
}

// Live yields the live bookings, sealed data included.
func (s *Store) Live(ctx context.Context) iter.Seq2[booking.Booking, error] {
	return func(yield func(booking.Booking, error) bool) {
		rows, err := s.reads.QueryContext(ctx, selectBooking+`WHERE b.live ORDER BY b.serial`)
		if err != nil {
			yield(booking.Booking{}, fmt.Errorf("live bookings: %w", err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			b, err := scanBooking(rows.Scan)
			if !yield(b, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(booking.Booking{}, fmt.Errorf("live bookings: %w", err))
		}
	}
}

func scanBooking(scan func(...any) error) (booking.Booking, error) {
	var sealed []byte
	m, err := scanRow(scan, &sealed)
	m.Sealed = sealed
	return m.Booking, err
}

const selectEvents = `
SELECT o.id, o.kind, o.serial, b.cohort, CASE WHEN o.cites THEN b.pass ELSE '' END, o.first, o.second, o.left_first, o.left_second, o.freed, o.time_ms
FROM outbox AS o JOIN bookings AS b ON b.serial = o.serial WHERE o.id > ? ORDER BY o.id LIMIT ?`

// Events returns the rows of the outbox after an id.
func (s *Store) Events(ctx context.Context, after int64, limit int) ([]booking.Event, error) {
	var events []booking.Event
	err := scanAll(ctx, s.reads, selectEvents, func(rows *sql.Rows) error {
		var e booking.Event
		var slots [4]booking.SlotID
		err := rows.Scan(&e.ID, &e.Kind, &e.Serial, &e.Cohort, &e.Pass, &slots[0], &slots[1], &slots[2], &slots[3], &e.Freed, &e.TimeMS)
		if err != nil {
			return err
		}
		e.Slots, e.Left = booking.Unpair(slots[0], slots[1]), booking.Unpair(slots[2], slots[3])
		events = append(events, e)
		return nil
	}, after, limit)
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	return events, nil
}

const audit = `
WITH held AS (
  SELECT slot, count(*) AS n
  FROM (SELECT first AS slot FROM bookings WHERE live UNION ALL SELECT second FROM bookings WHERE live AND second <> 0)
  GROUP BY slot)
SELECT
  (SELECT count(*) FROM bookings WHERE live),
  (SELECT count(*) FROM held JOIN places USING (slot) WHERE n > capacity),
  (SELECT count(*) FROM counted LEFT JOIN held USING (slot) WHERE taken <> coalesce(n, 0)),
  (SELECT count(*) FROM (SELECT 1 FROM bookings WHERE live GROUP BY person HAVING count(*) > 1)),
  (SELECT count(*) FROM bookings WHERE live AND pass = ''),
  (SELECT count(*) FROM outbox AS o WHERE NOT EXISTS (SELECT 1 FROM bookings AS b WHERE b.serial = o.serial))`

// Audit counts broken invariants, all in one snapshot of the file.
func (s *Store) Audit(ctx context.Context) (a ledger.Audit, err error) {
	err = s.reads.QueryRowContext(ctx, audit).
		Scan(&a.Live, &a.Overbooked, &a.Miscounted, &a.Duplicates, &a.Passless, &a.Orphans)
	if err != nil {
		return a, fmt.Errorf("audit: %w", err)
	}
	return a, nil
}
