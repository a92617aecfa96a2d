package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

const (
	updateBookings = `
UPDATE bookings AS b SET hold = u.hold, live = u.live, since_ms = u.since_ms, first = u.first, second = u.second
FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::bigint[], $5::bigint[], $6::bigint[]) AS u (serial, hold, live, since_ms, first, second)
WHERE b.serial = u.serial`

	updateReplaced = `UPDATE bookings SET replaced = serial WHERE serial = ANY ($1)`

	insertBookings = `
INSERT INTO bookings
  (serial, person, replaced, live, first, second, key, digest, chosen_first, chosen_second, cohort, pass, hold, made_ms, since_ms, sealed, cites)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::boolean[], $5::bigint[], $6::bigint[], $7::text[], $8::bigint[],
  $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::text[], $14::bigint[], $15::bigint[], $16::bytea[], $17::boolean[])`

	insertEvents = `
INSERT INTO outbox (id, kind, serial, cites, first, second, left_first, left_second, freed, time_ms)
SELECT id, kind, serial, false, first, second, left_first, left_second, freed, time_ms
FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[], $9::bigint[])
  AS e (id, kind, serial, first, second, left_first, left_second, freed, time_ms)`

	insertMoves = `INSERT INTO moves (batch, slots) VALUES ($1, $2)`

	insertAnswers = `
INSERT INTO answers (person, key, digest, code, serial, first, second, freed, time_ms)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[], $9::bigint[])`
)

// write sends what has been queued with the tally's share and commits, all in one
// round trip. The server skips what follows a statement that fails.
func (s *Store) write(ctx context.Context, conn *pgx.Conn, b *pgx.Batch, c booking.Changes, requests int) error {
	s.tally.Lock()
	sweep := s.tally.Sweep(requests)
	s.tally.Unlock()
	if err := queueMoves(b, c); err != nil {
		return fmt.Errorf("write batch: %w", err)
	}
	queueSweep(b, sweep)
	if conn.PgConn().TxStatus() != 'I' { // else what is sent together is a transaction
		b.Queue(`COMMIT`)
	}
	if err := conn.SendBatch(ctx, b).Close(); err != nil {
		// A server that goes down says so as FATAL, and may have committed before.
		if failed := new(pgconn.PgError); errors.As(err, &failed) && failed.SeverityUnlocalized == "ERROR" {
			return fmt.Errorf("write batch: %w", err) // and the server has undone it
		}
		return fmt.Errorf("%w: commit batch: %w", ledger.ErrUnknown, err)
	}
	s.tally.Lock()
	defer s.tally.Unlock()
	s.tally.Count(ledger.Moved{Batch: c.Last, Moves: c.Moves})
	s.tally.Swept(sweep)
	return nil
}

// queueChanges is a statement a table.
func queueChanges(b *pgx.Batch, c booking.Changes) {
	if len(c.Updated) > 0 {
		queueUpdated(b, c.Updated)
	}
	if len(c.Replaced) > 0 {
		b.Queue(updateReplaced, c.Replaced)
	}
	if len(c.New) > 0 {
		b.Queue(insertBookings, madeColumns(c.New)...)
	}
	queueEvents(b, c.Events)
	if len(c.Answers) > 0 {
		queueAnswers(b, c.Answers)
	}
}

func queueMoves(b *pgx.Batch, c booking.Changes) error {
	if len(c.Moves) == 0 {
		return nil
	}
	slots, err := ledger.EncodeMoves(c.Moves)
	if err != nil {
		return err
	}
	b.Queue(insertMoves, c.Last, slots)
	return nil
}

func queueUpdated(b *pgx.Batch, bookings []booking.Booking) {
	var hold []string
	var serial, since, first, second []int64
	var live []bool
	for _, k := range bookings {
		hold, serial = append(hold, k.Hold), append(serial, k.Serial)
		since, live = append(since, k.SinceMS), append(live, k.Live)
		first, second = pair(first, second, k.Slots)
	}
	b.Queue(updateBookings, serial, hold, live, since, first, second)
}

func madeColumns(list []booking.Made) []any {
	strings := func() []string { return make([]string, 0, len(list)) }
	numbers := func() []int64 { return make([]int64, 0, len(list)) }
	person, key, cohort, pass, hold := strings(), strings(), strings(), strings(), strings()
	serial, replaced, digest, made, since := numbers(), numbers(), numbers(), numbers(), numbers()
	first, second, chosenFirst, chosenSecond := numbers(), numbers(), numbers(), numbers()
	sealed, live, cites := make([][]byte, 0, len(list)), make([]bool, 0, len(list)), make([]bool, 0, len(list))
	for _, m := range list {
		if m.Sealed == nil {
			m.Sealed = []byte{}
		}
		former := int64(0)
		if m.Replaced {
			former = m.Serial
		}
		serial, person, replaced, live = append(serial, m.Serial), append(person, m.Person), append(replaced, former), append(live, m.Live)
		first, second = pair(first, second, m.Slots)
		key, digest = append(key, m.Key), append(digest, int64(m.Digest))
		chosenFirst, chosenSecond = pair(chosenFirst, chosenSecond, m.Chosen)
		cohort, pass, hold = append(cohort, m.Cohort), append(pass, m.Pass), append(hold, m.Hold)
		made, since, sealed = append(made, m.MadeMS), append(since, m.SinceMS), append(sealed, m.Sealed)
		cites = append(cites, m.Cites)
	}
	return []any{serial, person, replaced, live, first, second, key, digest, chosenFirst, chosenSecond,
		cohort, pass, hold, made, since, sealed, cites}
}

// queueEvents leaves out the making of bookings, of which their rows tell.
func queueEvents(b *pgx.Batch, events []booking.Event) {
	var kind, freed []string
	var id, serial, first, second, leftFirst, leftSecond, timeMS []int64
	for _, e := range events {
		if e.Kind == booking.Booked {
			continue
		}
		id, kind, serial = append(id, e.ID), append(kind, string(e.Kind)), append(serial, e.Serial)
		first, second = pair(first, second, e.Slots)
		leftFirst, leftSecond = pair(leftFirst, leftSecond, e.Left)
		freed, timeMS = append(freed, e.Freed), append(timeMS, e.TimeMS)
	}
	if len(id) > 0 {
		b.Queue(insertEvents, id, kind, serial, first, second, leftFirst, leftSecond, freed, timeMS)
	}
}

func queueAnswers(b *pgx.Batch, answers []booking.Recorded) {
	var person, key, code, freed []string
	var digest, serial, first, second, timeMS []int64
	for _, a := range answers {
		person, key = append(person, a.Person), append(key, a.Key)
		code, freed = append(code, string(a.Outcome.Code)), append(freed, a.Outcome.Freed)
		digest, serial = append(digest, int64(a.Digest)), append(serial, a.Outcome.Serial)
		first, second = pair(first, second, a.Outcome.Slots)
		timeMS = append(timeMS, a.TimeMS)
	}
	b.Queue(insertAnswers, person, key, digest, code, serial, first, second, freed, timeMS)
}

// pair appends the slots of a course to their columns.
func pair(first, second []int64, slots []booking.SlotID) (firsts, seconds []int64) {
	one, two := booking.Pair(slots)
	return append(first, int64(one)), append(second, int64(two))
}
