package sqlite

import (
	"context"
	"fmt"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// Commit runs a batch in one transaction under the lock file.
func (s *Store) Commit(ctx context.Context, gather func() []booking.Request) ([]booking.Outcome, error) {
	if err := s.lock.Lock(ctx); err != nil {
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
	s.tally.Lock()
	defer s.tally.Unlock()
	q := s.batch.in(tx)
	// The transaction ends with its context. For each statement that could, the
	// driver would start a goroutine, and a batch has dozens of short ones.
	ctx = context.WithoutCancel(ctx)
	state, err := s.load(ctx, q, batch)
	if err != nil {
		return nil, fmt.Errorf("load batch: %w", err)
	}
	outcomes, changes := booking.Decide(state, batch)
	if changes.None() { // replays only
		return outcomes, nil
	}
	sweep := s.tally.Sweep(len(batch))
	filed := s.persons.File(len(batch))
	if err := write(ctx, q, changes, sweep, filed); err != nil {
		return nil, fmt.Errorf("write batch: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("%w: commit batch: %w", ledger.ErrUnknown, err)
	}
	s.tally.Count(ledger.Moved{Batch: changes.Last, Moves: changes.Moves})
	s.tally.Swept(sweep)
	s.persons.Learn(entriesOf(changes.New), changes.Last)
	s.persons.Follow(filed.then)
	s.checkpoints.wrote(len(batch))
	return outcomes, nil
}
