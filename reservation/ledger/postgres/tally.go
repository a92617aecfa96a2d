package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

const (
	loadVersion = `SELECT (SELECT coalesce(max(id), 0) FROM imports), (SELECT settled FROM tally)`
	loadMoves   = `SELECT ` + ledger.MoveColumns + ` FROM outbox WHERE id > $1 ORDER BY id`
	loadPlaces  = `SELECT slot, capacity, taken FROM places`

	updatePlaces = `
UPDATE places AS p SET taken = u.taken FROM unnest($1::bigint[], $2::bigint[]) AS u (slot, taken) WHERE p.slot = u.slot`
	updateTally = `UPDATE tally SET settled = $1`
)

// news is what has happened since the tally was last brought up to date.
type news struct {
	version, settled int64
	moves            []booking.Event
}

// queue asks for the news after an event.
func (n *news) queue(b *pgx.Batch, after int64) {
	b.Queue(loadVersion).QueryRow(func(row pgx.Row) error { return row.Scan(&n.version, &n.settled) })
	b.Queue(loadMoves, after).Query(func(rows pgx.Rows) (err error) {
		n.moves, err = moves(rows)
		return err
	})
}

func moves(rows pgx.Rows) ([]booking.Event, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (booking.Event, error) { return ledger.ScanMove(row) })
}

// querier is a connection in a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// count brings the tally, which is locked, up to what the transaction has read:
// from the start where capacities or slots have changed.
func (s *Store) count(ctx context.Context, tx querier, n news) error {
	if n.version != s.tally.Version() {
		rows, err := tx.Query(ctx, loadPlaces)
		if err != nil {
			return err
		}
		places, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r ledger.Row, err error) {
			return r, row.Scan(&r.Slot, &r.Capacity, &r.Taken)
		})
		if err != nil {
			return err
		}
		if rows, err = tx.Query(ctx, loadMoves, n.settled); err != nil {
			return err
		}
		if n.moves, err = moves(rows); err != nil {
			return err
		}
		s.tally.Load(n.version, n.settled, places)
	}
	s.tally.Count(n.moves...)
	return nil
}

// catchUp reads the news within a transaction and counts them in the tally,
// which is locked. It returns the event up to which the table has counted.
func (s *Store) catchUp(ctx context.Context, tx querier) (settled int64, err error) {
	var n news
	var b pgx.Batch
	n.queue(&b, s.tally.At())
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		return 0, err
	}
	return n.settled, s.count(ctx, tx, n)
}

// settlement is what the table of places is to say and the event that it has
// then counted.
type settlement struct {
	slots, taken []int64
	at           int64
}

func settle(rows []ledger.Row, at int64) settlement {
	s := settlement{make([]int64, len(rows)), make([]int64, len(rows)), at}
	for i, r := range rows {
		s.slots[i], s.taken[i] = int64(r.Slot), int64(r.Taken)
	}
	return s
}

func (s settlement) queue(b *pgx.Batch) {
	if len(s.slots) > 0 {
		b.Queue(updatePlaces, s.slots, s.taken)
		b.Queue(updateTally, s.at)
	}
}

// settled brings the table of places up to date within a transaction that has
// the writers' lock.
func (s *Store) settled(ctx context.Context, tx pgx.Tx) error {
	s.tally.Lock()
	defer s.tally.Unlock()
	settled, err := s.catchUp(ctx, tx)
	if err != nil {
		return err
	}
	var b pgx.Batch
	settle(s.tally.Unsettled(settled)).queue(&b)
	return tx.SendBatch(ctx, &b).Close()
}

// Counts returns the places of every slot that changed after an outbox id, and
// the id they are current to.
func (s *Store) Counts(ctx context.Context, since int64) (counts []ledger.Count, current int64, err error) {
	s.tally.Lock()
	defer s.tally.Unlock()
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(ctx, s.pool, snapshot, func(tx pgx.Tx) error {
		_, err := s.catchUp(ctx, tx)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("counts: %w", err)
	}
	counts, current = s.tally.Since(since)
	return counts, current, nil
}
