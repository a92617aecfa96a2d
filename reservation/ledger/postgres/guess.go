package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"sunbeon/reservation/booking"
)

// errMissed says that a guess was wrong, or that there was none. Nothing was done.
var errMissed = errors.New("not as guessed")

// enoughStrangers is how many batches in a row must know nobody before one is
// guessed: a guess that misses costs more than one that hits saves.
const enoughStrangers = 4

// insertGuessed fails, with a division by zero, unless nothing was given out and
// nothing imported since a number and a version, and none of the persons has an
// answer. That none has a booking the index of persons sees to.
const insertGuessed = insertBookings + `
WHERE (SELECT 1 / count(*) FROM (SELECT) AS one
  WHERE (SELECT coalesce(max(id), 0) FROM imports) = $18 AND (` + loadLast + `) = $19
    AND NOT EXISTS (SELECT FROM answers WHERE person = ANY ($2))) = 1`

// guess decides a batch as if nobody in it were known and nothing had happened
// since the last one, which is how it is in a rush, and lets the server see in the
// same transaction whether that was so. Only bookings can be guessed that come
// about: a refusal would leave no row that must be the person's first.
func (s *Store) guess(ctx context.Context, conn *pgx.Conn, batch []booking.Request) ([]booking.Outcome, error) {
	want := booking.Touched(batch)
	state := booking.NewState(len(batch))
	s.tally.Lock()
	version, last := s.tally.Version(), s.tally.At()
	state.Places, state.Last = s.tally.Places(want.Slots), last
	s.tally.Unlock()
	outcomes, changes := booking.Decide(state, batch)
	if len(changes.New) < len(batch) || changes.None() {
		return nil, errMissed
	}
	var b pgx.Batch
	if conn.PgConn().TxStatus() == 'I' {
		b.Queue(takeLock)
	}
	b.Queue(insertGuessed, append(madeColumns(changes.New), version, last)...)
	err := s.write(ctx, conn, &b, changes, len(batch))
	if missed(err) {
		return nil, errMissed
	}
	return outcomes, err
}

func missed(err error) bool {
	const divisionByZero = "22012"
	failed := new(pgconn.PgError)
	return errors.As(err, &failed) && (failed.Code == divisionByZero || failed.ConstraintName == "bookings_person")
}
