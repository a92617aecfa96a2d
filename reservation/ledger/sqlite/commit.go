package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// Commit runs a batch in one transaction under the lock file.
func (s *Store) Commit(ctx context.Context, gather func() []booking.Request) ([]booking.Outcome, error) {
	if err := s.lock.Lock(); err != nil {
		return nil, err
	}
	defer s.lock.Unlock()
	batch := gather()
	if len(batch) == 0 {
		return nil, nil
	}
	tx, err := s.writes.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("begin batch: %w", err)
	}
	defer tx.Rollback()
	state, err := load(ctx, tx, batch)
	if err != nil {
		return nil, fmt.Errorf("load batch: %w", err)
	}
	outcomes, changes := booking.Decide(state, batch)
	if len(changes.Answers) == 0 { // replays only
		return outcomes, nil
	}
	if err := write(ctx, tx, changes); err != nil {
		return nil, fmt.Errorf("write batch: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("%w: commit batch: %w", ledger.ErrUnknown, err)
	}
	return outcomes, nil
}

// write applies a batch's changes: one statement a table, whatever its size.
func write(ctx context.Context, tx *sql.Tx, c booking.Changes) error {
	w := writing{ctx: ctx, tx: tx}
	last := w.events(c.Events)
	w.bookings(c.New)
	w.updated(c.Updated)
	w.doses(c.Cleared, c.Doses)
	w.taken(c.Taken, last)
	w.answers(c.Answers)
	return w.err
}
