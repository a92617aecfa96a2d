package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// Latest returns the person's latest booking.
func (s *Store) Latest(ctx context.Context, person string) (booking.Booking, error) {
	found, err := latest(ctx, s.reads, []string{person})
	if err != nil {
		return booking.Booking{}, err
	}
	b, ok := found[person]
	if !ok {
		return booking.Booking{}, fmt.Errorf("booking of the person: %w", ledger.ErrNotFound)
	}
	return b, nil
}

// Answer returns the answer recorded for an attempt.
func (s *Store) Answer(ctx context.Context, a booking.Attempt) (booking.Recorded, error) {
	found, err := answered(ctx, s.reads, []booking.Attempt{a})
	if err != nil {
		return booking.Recorded{}, err
	}
	r, ok := found[a]
	if !ok {
		return booking.Recorded{}, fmt.Errorf("answer: %w", ledger.ErrNotFound)
	}
	return r, nil
}

// The slots of a booking as a JSON array, in the order of the doses.
const selectBooking = `
SELECT b.serial, b.person, b.cohort, b.pass, b.hold, b.sealed, b.live, b.made_ms, b.since_ms,
  (SELECT json_group_array(slot) FROM (SELECT slot FROM doses AS d WHERE d.person = b.person AND d.serial = b.serial ORDER BY d.dose))
FROM bookings AS b `

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

func scanBooking(scan func(...any) error) (b booking.Booking, err error) {
	var slots []byte
	err = scan(&b.Serial, &b.Person, &b.Cohort, &b.Pass, &b.Hold, &b.Sealed, &b.Live, &b.MadeMS, &b.SinceMS, &slots)
	if err != nil {
		return b, err
	}
	return b, json.Unmarshal(slots, &b.Slots)
}

// Events returns the rows of the outbox after an id.
func (s *Store) Events(ctx context.Context, after int64, limit int) ([]booking.Event, error) {
	rows, err := s.reads.QueryContext(ctx,
		`SELECT id, kind, serial, cohort, pass, slots, time_ms FROM outbox WHERE id > ? ORDER BY id LIMIT ?`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	defer rows.Close()
	var events []booking.Event
	for rows.Next() {
		var e booking.Event
		var slots []byte
		err := rows.Scan(&e.ID, &e.Kind, &e.Serial, &e.Cohort, &e.Pass, &slots, &e.TimeMS)
		if err == nil {
			err = json.Unmarshal(slots, &e.Slots)
		}
		if err != nil {
			return nil, fmt.Errorf("outbox: %w", err)
		}
		events = append(events, e)
	}
	return events, rows.Err()
}

const audit = `
WITH held AS (SELECT slot, count(*) AS n FROM doses WHERE live GROUP BY slot)
SELECT
  (SELECT count(*) FROM bookings WHERE live),
  (SELECT count(*) FROM held JOIN places USING (slot) WHERE n > capacity),
  (SELECT count(*) FROM places LEFT JOIN held USING (slot) WHERE taken <> coalesce(n, 0)),
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
