package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"sunbeon/reservation/booking"
)

// errMissed says that a guess was wrong. Nothing was done.
var errMissed = errors.New("not as guessed")

// enoughStrangers is how many batches in a row must know nobody before one is
// guessed: a guess that misses costs more than one that hits saves.
const enoughStrangers = 4

// loadMissed finds bookings made under keys that had been answered before.
const loadMissed = `
SELECT 1 FROM bookings AS b CROSS JOIN answers AS a ON a.person = b.person AND a.key = b.key WHERE b.serial > ?`

// guess decides a batch as if nobody in it were known, which is how it is in a rush.
// That none of them has a booking is looked up here as far as memory goes, and by the
// table's trigger as it is written. Only bookings can be guessed that come about: a
// refusal leaves no row to be looked at. The tally is locked.
func (s *Store) guess(batch []booking.Request, last int64) (outcomes []booking.Outcome, changes booking.Changes, ok bool) {
	want := booking.Touched(batch)
	if _, recent := s.persons.Find(want.Persons); len(recent) > 0 {
		return nil, changes, false
	}
	state := booking.NewState(len(batch))
	state.Last, state.Places = last, s.tally.Places(want.Slots)
	outcomes, changes = booking.Decide(state, batch)
	return outcomes, changes, len(changes.New) == len(batch)
}

// verify is what became of a guessed batch that has been written, or not: nobody may
// have had a booking, to which the trigger sees, nor an answer.
func verify(ctx context.Context, q querier, last int64, written error) error {
	if failed := new(sqlite.Error); errors.As(written, &failed) && failed.Code() == sqlite3.SQLITE_CONSTRAINT_TRIGGER {
		return errMissed
	}
	if written != nil {
		return written
	}
	missed := false
	err := scanAll(ctx, q, loadMissed, func(*sql.Rows) error { missed = true; return nil }, last)
	if err == nil && missed {
		err = errMissed
	}
	return err
}
