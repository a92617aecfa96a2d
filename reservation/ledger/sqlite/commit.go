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
	state, settled, err := s.load(ctx, q, batch)
	if err != nil {
		return nil, fmt.Errorf("load batch: %w", err)
	}
	outcomes, changes := booking.Decide(state, batch)
	if changes.None() { // replays only
		return outcomes, nil
	}
	if s.tally.At()-settled > ledger.SettleEvery {
		if err := s.settle(ctx, q, settled); err != nil {
			return nil, err
		}
	}
	last, err := write(ctx, q, changes)
	if err != nil {
		return nil, fmt.Errorf("write batch: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("%w: commit batch: %w", ledger.ErrUnknown, err)
	}
	s.tally.Count(booking.Numbered(changes.Events, last)...)
	return outcomes, nil
}
