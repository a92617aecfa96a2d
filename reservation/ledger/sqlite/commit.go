package sqlite

import (
	"context"
	"errors"
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
	s.tally.Lock()
	defer s.tally.Unlock()
	outcomes, err := s.attempt(ctx, batch, s.strangers >= enoughStrangers)
	if errors.Is(err, errMissed) {
		s.strangers = 0
		outcomes, err = s.attempt(ctx, batch, false)
	}
	return outcomes, err
}

// attempt decides a batch and writes it down, if it may after guessing what it
// depends on. The tally is locked.
func (s *Store) attempt(ctx context.Context, batch []booking.Request, mayGuess bool) ([]booking.Outcome, error) {
	tx, err := s.writes.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("begin batch: %w", err)
	}
	defer tx.Rollback()
	q := s.batch.in(tx)
	// The transaction ends with its context. For each statement that could, the
	// driver would start a goroutine, and a batch has dozens of short ones.
	ctx = context.WithoutCancel(ctx)
	last, err := s.catchUp(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("places: %w", err)
	}
	var outcomes []booking.Outcome
	var changes booking.Changes
	guessed := false
	if mayGuess {
		outcomes, changes, guessed = s.guess(batch, last)
	}
	if !guessed {
		state, err := s.load(ctx, q, batch, last)
		if err != nil {
			return nil, fmt.Errorf("load batch: %w", err)
		}
		outcomes, changes = booking.Decide(state, batch)
	}
	if changes.None() { // replays only
		return outcomes, nil
	}
	sweep := s.tally.Sweep(len(batch))
	filed := s.persons.File(len(batch))
	err = write(ctx, q, changes, sweep, filed)
	if guessed {
		err = verify(ctx, q, last, err)
	}
	if err != nil {
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
