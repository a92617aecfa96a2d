package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// The number is this program's among the advisory locks of the database.
const takeLock = `SELECT pg_advisory_xact_lock(5928410317)`

// writing begins a transaction in its turn.
var writing = pgx.TxOptions{BeginQuery: `BEGIN; ` + takeLock}

// Commit runs a batch in one transaction: in one round trip if what it depends on
// can be guessed, or else in two, one to wait for its turn and load, one to write
// and commit. Where others write too, the wait has a round trip of its own, and who
// comes meanwhile joins the batch.
func (s *Store) Commit(ctx context.Context, gather func() []booking.Request) ([]booking.Outcome, error) {
	if s.writes == nil {
		return nil, errReadOnly
	}
	pooled, err := s.writes.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin batch: %w", err)
	}
	defer pooled.Release()
	conn := pooled.Conn()
	defer leave(ctx, conn)

	var last int64
	if s.shared.Load() {
		if last, err = s.enter(ctx, conn, nil); err != nil {
			return nil, fmt.Errorf("begin batch: %w", err)
		}
	}
	batch := gather()
	if s.strangers.Load() >= enoughStrangers {
		outcomes, err := s.guess(ctx, conn, batch)
		if !errors.Is(err, errMissed) {
			return outcomes, err
		}
		if conn.PgConn().TxStatus() == 'E' { // it cost the batch its turn
			leave(ctx, conn)
		}
	}
	state, err := s.load(ctx, conn, batch, last)
	if err != nil {
		return nil, fmt.Errorf("load batch: %w", err)
	}
	outcomes, changes := booking.Decide(state, batch)
	if changes.None() {
		return outcomes, nil
	}
	var b pgx.Batch
	queueChanges(&b, changes)
	if err := s.write(ctx, conn, &b, changes, len(batch)); err != nil {
		return nil, err
	}
	return outcomes, nil
}

// leave undoes a transaction that has been left on the way.
func leave(ctx context.Context, conn *pgx.Conn) {
	if conn.PgConn().TxStatus() != 'I' {
		conn.Exec(context.WithoutCancel(ctx), `ROLLBACK`)
	}
}

// enter waits for the batch's turn, brings the tally up to date and asks what else
// is wanted. It returns the highest number given out.
func (s *Store) enter(ctx context.Context, conn *pgx.Conn, and func(*pgx.Batch)) (last int64, err error) {
	s.tally.Lock()
	after := s.tally.At()
	s.tally.Unlock()
	var news news
	var b pgx.Batch
	b.Queue(`BEGIN`)
	b.Queue(takeLock)
	news.queue(&b, after)
	if and != nil {
		and(&b)
	}
	if err := conn.SendBatch(ctx, &b).Close(); err != nil {
		return 0, err
	}
	s.shared.Store(len(news.moved) > 0)
	s.tally.Lock()
	defer s.tally.Unlock()
	return news.last, s.count(ctx, conn, news)
}

const (
	loadPersons = `SELECT ` + ledger.RowColumns + ` FROM bookings AS b WHERE b.person = ANY ($1)`

	loadAnswers = `SELECT person, key, digest, code, serial, first, second, freed, time_ms FROM answers WHERE person = ANY ($1)`
)

// load reads all that a batch depends on, in its turn. If that has begun, last is
// the highest number given out.
func (s *Store) load(ctx context.Context, conn *pgx.Conn, batch []booking.Request, last int64) (state booking.State, err error) {
	want := booking.Touched(batch)
	state = booking.NewState(len(batch))
	queue := func(b *pgx.Batch) {
		b.Queue(loadPersons, want.Persons).Query(func(rows pgx.Rows) error { return known(rows, &state) })
		b.Queue(loadAnswers, want.Persons).Query(func(rows pgx.Rows) error { return answered(rows, &state) })
	}
	if conn.PgConn().TxStatus() == 'I' {
		last, err = s.enter(ctx, conn, queue)
	} else {
		var b pgx.Batch
		queue(&b)
		err = conn.SendBatch(ctx, &b).Close()
	}
	if err != nil {
		return state, err
	}
	if s.strangers.Add(1); len(state.Answered) > 0 {
		s.strangers.Store(0)
	}
	s.tally.Lock()
	defer s.tally.Unlock()
	state.Places, state.Last = s.tally.Places(want.Slots), last
	return state, nil
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
