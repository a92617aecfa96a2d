package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// writing begins a transaction in its turn. The number is this program's among
// the advisory locks of the database.
var writing = pgx.TxOptions{BeginQuery: `BEGIN; SELECT pg_advisory_xact_lock(5928410317)`}

// Commit runs a batch in one transaction, in four round trips.
func (s *Store) Commit(ctx context.Context, gather func() []booking.Request) ([]booking.Outcome, error) {
	tx, err := s.pool.BeginTx(ctx, writing)
	if err != nil {
		return nil, fmt.Errorf("begin batch: %w", err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	batch := gather()
	if len(batch) == 0 {
		return nil, nil
	}
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
	if err := tx.Commit(ctx); err != nil {
		return nil, fmt.Errorf("%w: commit batch: %w", ledger.ErrUnknown, err)
	}
	return outcomes, nil
}

const (
	loadPlaces = `SELECT slot, capacity, taken FROM places WHERE slot = ANY ($1)`

	loadLatest = `
SELECT d.person, d.slot, b.serial, b.cohort, b.pass, b.hold, b.live, b.made_ms, b.since_ms
FROM doses AS d JOIN bookings AS b ON b.serial = d.serial
WHERE d.person = ANY ($1) ORDER BY d.person, d.dose`

	loadAnswers = `
SELECT person, key, digest, code, serial, slots, freed, time_ms
FROM answers JOIN unnest($1::text[], $2::text[]) AS wanted (person, key) USING (person, key)`

	loadLast = `SELECT coalesce(max(serial), 0) FROM bookings`
)

// load reads all that the requests of a batch depend on.
func load(ctx context.Context, tx pgx.Tx, requests []booking.Request) (booking.State, error) {
	want := booking.Touched(requests)
	state := booking.State{
		Places:   make(map[booking.SlotID]booking.Places, len(want.Slots)),
		Latest:   map[string]booking.Booking{},
		Answered: map[booking.Attempt]booking.Recorded{},
	}
	var b pgx.Batch
	b.Queue(loadPlaces, want.Slots).Query(func(rows pgx.Rows) error {
		var id booking.SlotID
		var p booking.Places
		_, err := pgx.ForEachRow(rows, []any{&id, &p.Capacity, &p.Taken}, func() error {
			state.Places[id] = p
			return nil
		})
		return err
	})
	b.Queue(loadLatest, want.Persons).Query(func(rows pgx.Rows) error { return latest(rows, state.Latest) })
	persons, keys := attempts(want.Attempts)
	b.Queue(loadAnswers, persons, keys).Query(func(rows pgx.Rows) error { return answered(rows, state.Answered) })
	b.Queue(loadLast).QueryRow(func(row pgx.Row) error { return row.Scan(&state.Last) })
	return state, tx.SendBatch(ctx, &b).Close()
}

func attempts(list []booking.Attempt) (persons, keys []string) {
	for _, a := range list {
		persons, keys = append(persons, a.Person), append(keys, a.Key)
	}
	return persons, keys
}

// latest collects persons' latest bookings, without the sealed data.
func latest(rows pgx.Rows, found map[string]booking.Booking) error {
	var b booking.Booking
	var slot booking.SlotID
	_, err := pgx.ForEachRow(rows, []any{&b.Person, &slot, &b.Serial, &b.Cohort, &b.Pass, &b.Hold, &b.Live, &b.MadeMS, &b.SinceMS}, func() error {
		b.Slots = append(found[b.Person].Slots, slot)
		found[b.Person] = b
		return nil
	})
	return err
}

func answered(rows pgx.Rows, found map[booking.Attempt]booking.Recorded) error {
	for rows.Next() {
		var r booking.Recorded
		o := &r.Outcome
		if err := rows.Scan(&r.Person, &r.Key, &r.Digest, &o.Code, &o.Serial, &o.Slots, &o.Freed, &r.TimeMS); err != nil {
			return err
		}
		if len(o.Slots) == 0 {
			o.Slots = nil
		}
		found[r.Attempt] = r
	}
	return rows.Err()
}
