package postgres

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// Latest returns the person's latest booking.
func (s *Store) Latest(ctx context.Context, person string) (booking.Booking, error) {
	found := map[string]booking.Booking{}
	rows, err := s.pool.Query(ctx, loadLatest, []string{person})
	if err == nil {
		err = latest(rows, found)
	}
	if err != nil {
		return booking.Booking{}, fmt.Errorf("latest booking: %w", err)
	}
	b, ok := found[person]
	if !ok {
		return booking.Booking{}, fmt.Errorf("booking of the person: %w", ledger.ErrNotFound)
	}
	return b, nil
}

// Answer returns the answer recorded for an attempt.
func (s *Store) Answer(ctx context.Context, a booking.Attempt) (booking.Recorded, error) {
	found := map[booking.Attempt]booking.Recorded{}
	rows, err := s.pool.Query(ctx, loadAnswers, []string{a.Person}, []string{a.Key})
	if err == nil {
		defer rows.Close()
		err = answered(rows, found)
	}
	if err != nil {
		return booking.Recorded{}, fmt.Errorf("answer: %w", err)
	}
	r, ok := found[a]
	if !ok {
		return booking.Recorded{}, fmt.Errorf("answer: %w", ledger.ErrNotFound)
	}
	return r, nil
}

const selectBooking = `
SELECT b.serial, b.person, b.cohort, b.pass, b.hold, b.sealed, b.live, b.made_ms, b.since_ms,
  (SELECT array_agg(d.slot ORDER BY d.dose) FROM doses AS d WHERE d.person = b.person AND d.serial = b.serial)
FROM bookings AS b `

func scanBooking(row pgx.Row) (b booking.Booking, err error) {
	return b, row.Scan(&b.Serial, &b.Person, &b.Cohort, &b.Pass, &b.Hold, &b.Sealed, &b.Live, &b.MadeMS, &b.SinceMS, &b.Slots)
}

// Find returns the booking of that serial, sealed data included.
func (s *Store) Find(ctx context.Context, serial int64) (booking.Booking, error) {
	b, err := scanBooking(s.pool.QueryRow(ctx, selectBooking+`WHERE b.serial = $1`, serial))
	if errors.Is(err, pgx.ErrNoRows) {
		err = ledger.ErrNotFound
	}
	if err != nil {
		return b, fmt.Errorf("booking %d: %w", serial, err)
	}
	return b, nil
}

// Live yields the live bookings, sealed data included.
func (s *Store) Live(ctx context.Context) iter.Seq2[booking.Booking, error] {
	return func(yield func(booking.Booking, error) bool) {
		rows, err := s.pool.Query(ctx, selectBooking+`WHERE b.live ORDER BY b.serial`)
		if err != nil {
			yield(booking.Booking{}, fmt.Errorf("live bookings: %w", err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			b, err := scanBooking(rows)
			if !yield(b, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(booking.Booking{}, fmt.Errorf("live bookings: %w", err))
		}
	}
}

// Events returns the rows of the outbox after an id.
func (s *Store) Events(ctx context.Context, after int64, limit int) ([]booking.Event, error) {
	rows, err := s.pool.Query(ctx,
		`SELECT id, kind, serial, cohort, pass, slots, time_ms FROM outbox WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	events, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e booking.Event, err error) {
		return e, row.Scan(&e.ID, &e.Kind, &e.Serial, &e.Cohort, &e.Pass, &e.Slots, &e.TimeMS)
	})
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	return events, nil
}

const audit = `
WITH held AS (SELECT slot, count(*) AS n FROM doses WHERE live GROUP BY slot)
SELECT
  (SELECT count(*) FROM bookings WHERE live),
  (SELECT count(*) FROM held JOIN places USING (slot) WHERE n > capacity),
  (SELECT count(*) FROM places LEFT JOIN held USING (slot) WHERE taken <> coalesce(n, 0)),
  (SELECT count(*) FROM (SELECT 1 FROM bookings WHERE live GROUP BY person HAVING count(*) > 1) AS twice),
  (SELECT count(*) FROM bookings WHERE live AND pass = ''),
  (SELECT count(*) FROM outbox AS o WHERE NOT EXISTS (SELECT 1 FROM bookings AS b WHERE b.serial = o.serial))`

// Audit counts broken invariants, all in one snapshot of the database.
func (s *Store) Audit(ctx context.Context) (a ledger.Audit, err error) {
	err = s.pool.QueryRow(ctx, audit).
		Scan(&a.Live, &a.Overbooked, &a.Miscounted, &a.Duplicates, &a.Passless, &a.Orphans)
	if err != nil {
		return a, fmt.Errorf("audit: %w", err)
	}
	return a, nil
}
