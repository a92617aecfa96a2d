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

// loadPerson takes a tag, the serials known of it, up to where all are known, and the
// person, whose bookings may also have been made after that.
const loadPerson = `
SELECT ` + ledger.RowColumns + ` FROM persons AS p CROSS JOIN bookings AS b ON b.serial = p.serial WHERE p.tag = ?1
UNION ALL
SELECT ` + ledger.RowColumns + ` FROM json_each(?2) AS j CROSS JOIN bookings AS b ON b.serial = j.value
UNION ALL
SELECT ` + ledger.RowColumns + ` FROM bookings AS b WHERE b.serial > max(?3, (SELECT filed FROM progress)) AND b.person = ?4`

// recall reads the bookings of who attempts something, and then whether it has
// been answered, if no booking says so. An attempt without a key is none.
func (s *Store) recall(ctx context.Context, a booking.Attempt) (booking.State, error) {
	state := booking.NewState(1)
	select {
	case s.seats <- struct{}{}:
		defer func() { <-s.seats }()
	case <-ctx.Done():
		return state, ctx.Err()
	}
	// For a query that could be broken off, two goroutines would be started; this one
	// is short, and has a connection waiting.
	ctx = context.WithoutCancel(ctx)
	at := s.persons.Known() // before the look: what is made meanwhile lies behind it
	tags, recent := s.persons.Find([]string{a.Person})
	inMemory, err := json.Marshal(recent)
	if err != nil {
		return state, err
	}
	if err := knownBy(ctx, s.lookup, state, loadPerson, tags[0], string(inMemory), at, a.Person); err != nil {
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
