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
	state := booking.NewState(1)
	if err := s.recall(ctx, person, &state); err != nil {
		return booking.Booking{}, fmt.Errorf("latest booking: %w", err)
	}
	b, ok := state.Latest[person]
	if !ok {
		return booking.Booking{}, fmt.Errorf("booking of the person: %w", ledger.ErrNotFound)
	}
	return b, nil
}

func (s *Store) recall(ctx context.Context, person string, into *booking.State) error {
	rows, err := s.pool.Query(ctx, loadPersons, []string{person})
	if err != nil {
		return err
	}
	defer rows.Close()
	return known(rows, into)
}

// Answer returns the answer recorded for an attempt.
func (s *Store) Answer(ctx context.Context, a booking.Attempt) (booking.Recorded, error) {
	state := booking.NewState(1)
	err := s.recall(ctx, a.Person, &state)
	if _, made := state.Answered[a]; err == nil && !made {
		var rows pgx.Rows
		if rows, err = s.pool.Query(ctx, loadAnswers, []string{a.Person}); err == nil {
			defer rows.Close()
			err = answered(rows, &state)
		}
	}
	if err != nil {
		return booking.Recorded{}, fmt.Errorf("answer: %w", err)
	}
	r, ok := state.Answered[a]
	if !ok {
		return booking.Recorded{}, fmt.Errorf("answer: %w", ledger.ErrNotFound)
	}
	return r, nil
}

// Find returns the booking of that serial, sealed data included.
func (s *Store) Find(ctx context.Context, serial int64) (booking.Booking, error) {
	b, err := ledger.ScanBooking(s.pool.QueryRow(ctx, ledger.SelectBookings+`WHERE b.serial = $1`, serial))
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
		rows, err := s.pool.Query(ctx, ledger.SelectBookings+`WHERE b.live ORDER BY b.serial`)
		if err != nil {
			yield(booking.Booking{}, fmt.Errorf("live bookings: %w", err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			b, err := ledger.ScanBooking(rows)
			if !yield(b, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(booking.Booking{}, fmt.Errorf("live bookings: %w", err))
		}
	}
}

// Events returns those after a number.
func (s *Store) Events(ctx context.Context, after int64, limit int) ([]booking.Event, error) {
	rows, err := s.pool.Query(ctx, ledger.SelectEvents, after, limit)
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	events, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (booking.Event, error) { return ledger.ScanEvent(row) })
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	return events, nil
}

// Audit counts broken invariants, all in one snapshot of the database.
func (s *Store) Audit(ctx context.Context) (ledger.Audit, error) {
	a, err := ledger.ScanAudit(s.pool.QueryRow(ctx, ledger.SelectAudit))
	if err != nil {
		return a, fmt.Errorf("audit: %w", err)
	}
	return a, nil
}
