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
const takeLock = `SELECT pg_advisory_xact_lock(5928410317)`

// writing begins a transaction in its turn.
var writing = pgx.TxOptions{BeginQuery: `BEGIN; ` + takeLock}

// Commit runs a batch in one transaction and two round trips: one to wait for
// its turn and load, one to write and commit. Where others write too, the wait
// has a round trip of its own, and who comes meanwhile joins the batch.
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
	if s.shared.Load() {
		if _, err := conn.Exec(ctx, writing.BeginQuery); err != nil {
			return nil, fmt.Errorf("begin batch: %w", err)
		}
	}
	batch := gather()
	state, sweep, err := s.begin(ctx, conn.Conn(), batch)
	if err != nil {
		return nil, fmt.Errorf("load batch: %w", err)
	}
	outcomes, changes := booking.Decide(state, batch)
	if changes.None() {
		return outcomes, nil
	}
	if err := write(ctx, conn.Conn(), changes, sweep); err != nil {
		// A server that goes down says so as FATAL, and may have committed before.
		if failed := new(pgconn.PgError); errors.As(err, &failed) && failed.SeverityUnlocalized == "ERROR" {
			return nil, fmt.Errorf("write batch: %w", err) // and the server has undone it
		}
		return nil, fmt.Errorf("%w: commit batch: %w", ledger.ErrUnknown, err)
	}
	s.tally.Lock()
	defer s.tally.Unlock()
	s.tally.Count(ledger.Moved{Batch: changes.Last, Moves: changes.Moves})
	s.tally.Swept(sweep)
	return outcomes, nil
}

const (
	loadPersons = `SELECT ` + ledger.RowColumns + ` FROM bookings AS b WHERE b.person = ANY ($1)`

	loadAnswers = `
SELECT person, key, digest, code, serial, first, second, freed, time_ms
FROM answers JOIN unnest($1::text[], $2::text[]) AS wanted (person, key) USING (person, key)`
)

// begin waits for the batch's turn and loads all that it depends on.
func (s *Store) begin(ctx context.Context, conn *pgx.Conn, requests []booking.Request) (state booking.State, sweep ledger.Sweep, err error) {
	s.tally.Lock()
	after := s.tally.At()
	s.tally.Unlock()

	want := booking.Touched(requests)
	state = booking.NewState()
	var news news
	var b pgx.Batch
	if conn.PgConn().TxStatus() == 'I' {
		b.Queue(`BEGIN`)
		b.Queue(takeLock)
	}
	news.queue(&b, after)
	b.Queue(loadPersons, want.Persons).Query(func(rows pgx.Rows) error { return known(rows, &state) })
	persons, keys := attempts(want.Attempts)
	b.Queue(loadAnswers, persons, keys).Query(func(rows pgx.Rows) error { return answered(rows, &state) })
	if err := conn.SendBatch(ctx, &b).Close(); err != nil {
		return state, sweep, err
	}

	s.shared.Store(len(news.moved) > 0)
	s.tally.Lock()
	defer s.tally.Unlock()
	if err := s.count(ctx, conn, news); err != nil {
		return state, sweep, err
	}
	state.Places, state.Last = s.tally.Places(want.Slots), news.last
	return state, s.tally.Sweep(len(requests)), nil
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
		m, err := ledger.ScanRow(rows)
		if err != nil {
			return err
		}
		into.Know(m)
	}
	return rows.Err()
}

func answered(rows pgx.Rows, into *booking.State) error {
	for rows.Next() {
		r, err := ledger.ScanAnswer(rows)
		if err != nil {
			return err
		}
		into.Answered[r.Attempt] = r
	}
	return rows.Err()
}
