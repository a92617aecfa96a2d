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
	state, err := s.recall(ctx, booking.Attempt{Person: person})
	if err != nil {
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
	state, err := s.recall(ctx, a)
	if err != nil {
		return booking.Recorded{}, err
	}
	r, ok := state.Answered[a]
	if !ok {
		return booking.Recorded{}, fmt.Errorf("answer: %w", ledger.ErrNotFound)
	}
	return r, nil
}

// recall reads the bookings of who attempts something, and then whether it has
// been answered, if no booking says so. An attempt without a key is none.
func (s *Store) recall(ctx context.Context, a booking.Attempt) (booking.State, error) {
	state := booking.NewState(1)
	if err := s.learn(ctx, s.lookup, 0); err != nil {
		return state, err
	}
	if err := s.known(ctx, s.lookup, []string{a.Person}, state); err != nil {
		return state, err
	}
	if _, made := state.Answered[a]; made || a.Key == "" {
		return state, nil
	}
	wanted, err := attempts([]booking.Attempt{a})
	if err != nil {
		return state, err
	}
	return state, answered(ctx, s.lookup, wanted, state)
}

// Find returns the booking of that serial, sealed data included.
func (s *Store) Find(ctx context.Context, serial int64) (booking.Booking, error) {
	b, err := ledger.ScanBooking(s.reads.QueryRowContext(ctx, ledger.SelectBookings+`WHERE b.serial = ?`, serial))
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
		rows, err := s.reads.QueryContext(ctx, ledger.SelectBookings+`WHERE b.live ORDER BY b.serial`)
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
	var events []booking.Event
	err := scanAll(ctx, s.reads, ledger.SelectEvents, func(rows *sql.Rows) error {
		e, err := ledger.ScanEvent(rows)
		events = append(events, e)
		return err
	}, after, limit)
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	return events, nil
}

// Audit counts broken invariants, all in one snapshot of the file.
func (s *Store) Audit(ctx context.Context) (ledger.Audit, error) {
	a, err := ledger.ScanAudit(s.reads.QueryRowContext(ctx, ledger.SelectAudit))
	if err != nil {
		return a, fmt.Errorf("audit: %w", err)
	}
	return a, nil
}
