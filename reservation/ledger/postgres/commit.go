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

// The number is this program's among the advisory locks of the database.
const (
	takeLock = `SELECT pg_advisory_xact_lock(5928410317)`
	tryLock  = `SELECT pg_try_advisory_xact_lock(5928410317)`
)

// writing begins a transaction in its turn.
var writing = pgx.TxOptions{BeginQuery: `BEGIN; ` + takeLock}

// Commit runs a batch in one transaction. Where no other process is writing it
// takes two round trips: one to begin and load, one to write and commit.
func (s *Store) Commit(ctx context.Context, gather func() []booking.Request) ([]booking.Outcome, error) {
	if s.writes == nil {
		return nil, errReadOnly
	}
	conn, err := s.writes.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin batch: %w", err)
	}
	defer conn.Release()
	defer func() {
		if conn.Conn().PgConn().TxStatus() != 'I' { // left on the way
			conn.Exec(context.WithoutCancel(ctx), `ROLLBACK`)
		}
	}()
	batch, state, err := begin(ctx, conn.Conn(), gather)
	if err != nil {
		return nil, fmt.Errorf("load batch: %w", err)
	}
	outcomes, changes := booking.Decide(state, batch)
	if changes.None() {
		return outcomes, nil
	}
	if err := write(ctx, conn.Conn(), changes); err != nil {
		if failed := new(pgconn.PgError); errors.As(err, &failed) {
			return nil, fmt.Errorf("write batch: %w", err) // and the server has undone it
		}
		return nil, fmt.Errorf("%w: commit batch: %w", ledger.ErrUnknown, err)
	}
	return outcomes, nil
}

// begin takes the lock and loads what the batch depends on. It tries both in one
// round trip; where somebody else holds the lock it waits, and what it waits for
// makes both the batch and what was loaded out of date.
func begin(ctx context.Context, conn *pgx.Conn, gather func() []booking.Request) ([]booking.Request, booking.State, error) {
	batch := gather()
	state := booking.NewState()
	var mine bool
	var b pgx.Batch
	b.Queue(`BEGIN`)
	b.Queue(tryLock).QueryRow(func(row pgx.Row) error { return row.Scan(&mine) })
	queueLoad(&b, batch, &state)
	if err := conn.SendBatch(ctx, &b).Close(); err != nil || mine {
		return batch, state, err
	}
	if _, err := conn.Exec(ctx, takeLock); err != nil {
		return nil, state, err
	}
	batch = gather()
	state = booking.NewState()
	b = pgx.Batch{}
	queueLoad(&b, batch, &state)
	return batch, state, conn.SendBatch(ctx, &b).Close()
}

const (
	loadPlaces = `SELECT slot, capacity, taken FROM places WHERE slot = ANY ($1)`

	loadPersons = `SELECT ` + row + ` FROM bookings AS b WHERE b.person = ANY ($1)`

	loadAnswers = `
SELECT person, key, digest, code, serial, first, second, freed, time_ms
FROM answers JOIN unnest($1::text[], $2::text[]) AS wanted (person, key) USING (person, key)`

	loadLast = `
SELECT greatest((SELECT coalesce(max(serial), 0) FROM bookings), (SELECT coalesce(max(floor), 0) FROM restores))`

	// row is a booking without the sealed data, which scanRow reads.
	row = `b.serial, b.person, b.replaced, b.live, b.first, b.second, b.key, b.digest, b.chosen_first, b.chosen_second,
  b.cohort, b.pass, b.hold, b.made_ms, b.since_ms`
)

// queueLoad asks for all that the requests of a batch depend on.
func queueLoad(b *pgx.Batch, requests []booking.Request, into *booking.State) {
	want := booking.Touched(requests)
	b.Queue(loadPlaces, want.Slots).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var id booking.SlotID
			var p booking.Places
			if err := rows.Scan(&id, &p.Capacity, &p.Taken); err != nil {
				return err
			}
			into.Places[id] = p
		}
		return rows.Err()
	})
	b.Queue(loadPersons, want.Persons).Query(func(rows pgx.Rows) error { return known(rows, into) })
	persons, keys := attempts(want.Attempts)
	b.Queue(loadAnswers, persons, keys).Query(func(rows pgx.Rows) error { return answered(rows, into) })
	b.Queue(loadLast).QueryRow(func(row pgx.Row) error { return row.Scan(&into.Last) })
}

func attempts(list []booking.Attempt) (persons, keys []string) {
	for _, a := range list {
		persons, keys = append(persons, a.Person), append(keys, a.Key)
	}
	return persons, keys
}

// known enters persons' bookings, without the sealed data.
func known(rows pgx.Rows, into *booking.State) error {
	for rows.Next() {
		m, err := scanRow(rows)
		if err != nil {
			return err
		}
		into.Know(m)
	}
	return rows.Err()
}

// scanRow reads the columns of row and those in more.
func scanRow(from pgx.Row, more ...any) (m booking.Made, err error) {
	var slots [4]booking.SlotID
	var replaced int64
	err = from.Scan(append([]any{
		&m.Serial, &m.Person, &replaced, &m.Live, &slots[0], &slots[1], &m.Key, &m.Digest, &slots[2], &slots[3],
		&m.Cohort, &m.Pass, &m.Hold, &m.MadeMS, &m.SinceMS,
	}, more...)...)
	m.Replaced = replaced != 0
	m.Slots, m.Chosen = booking.Unpair(slots[0], slots[1]), booking.Unpair(slots[2], slots[3])
	return m, err
}

func answered(rows pgx.Rows, into *booking.State) error {
	for rows.Next() {
		var r booking.Recorded
		var first, second booking.SlotID
		o := &r.Outcome
		if err := rows.Scan(&r.Person, &r.Key, &r.Digest, &o.Code, &o.Serial, &first, &second, &o.Freed, &r.TimeMS); err != nil {
			return err
		}
		o.Slots = booking.Unpair(first, second)
		into.Answered[r.Attempt] = r
	}
	return rows.Err()
}
