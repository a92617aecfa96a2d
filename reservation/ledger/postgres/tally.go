package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

const (
	// The highest number given out.
	loadLast = `
SELECT greatest((SELECT coalesce(max(serial), 0) FROM bookings), (SELECT coalesce(max(id), 0) FROM outbox),
  (SELECT coalesce(max(floor), 0) FROM restores))`

	// The version of the catalog and the batch every row of places has counted.
	loadHead = `SELECT (SELECT coalesce(max(id), 0) FROM imports), (SELECT batch FROM swept), (` + loadLast + `)`

	loadMoves = `SELECT batch, slots FROM moves WHERE batch > $1 ORDER BY batch`
	// A slot withdrawn has no places, whoever leaves it.
	loadPlaces = `
SELECT slot, CASE WHEN EXISTS (SELECT 1 FROM withdrawals AS w WHERE w.slot = places.slot) THEN 0 ELSE capacity END, taken, settled
FROM places`
	loadSupplied = loadPlaces + ` WHERE version > 0 AND version > $1`

	updatePlaces = `
UPDATE places AS p SET taken = u.taken, settled = u.settled
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS u (slot, taken, settled) WHERE p.slot = u.slot`
	updateSwept = `UPDATE swept SET batch = $1 WHERE batch < $1`
	dropMoves   = `DELETE FROM moves WHERE batch <= $1`
)

// news is what has happened since the tally was last brought up to date.
type news struct {
	version, settled, last int64
	moved                  []ledger.Moved
}

// queue asks for the news after a batch.
func (n *news) queue(b *pgx.Batch, after int64) {
	b.Queue(loadHead).QueryRow(func(row pgx.Row) error { return row.Scan(&n.version, &n.settled, &n.last) })
	b.Queue(loadMoves, after).Query(func(rows pgx.Rows) (err error) {
		n.moved, err = moved(rows)
		return err
	})
}

func moved(rows pgx.Rows) ([]ledger.Moved, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (ledger.Moved, error) { return ledger.ScanMoved(row) })
}

// querier is a connection in a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// count brings the tally, which is locked, up to what the transaction has read:
// from the start where slots were added, or moves it has not counted are no longer
// kept.
func (s *Store) count(ctx context.Context, tx querier, n news) error {
	if seen := s.tally.Version(); n.version != seen || n.settled > s.tally.At() {
		_, added, err := importedSince(ctx, tx, seen)
		if err != nil {
			return err
		}
		if added || n.settled > s.tally.At() {
			if n.moved, err = s.loadTally(ctx, tx, n); err != nil {
				return err
			}
		} else {
			rows, err := places(ctx, tx, loadSupplied, seen)
			if err != nil {
				return err
			}
			s.tally.Supply(n.version, rows)
		}
	}
	s.tally.Count(n.moved...)
	return nil
}

// loadTally starts the tally again and returns what it has to count.
func (s *Store) loadTally(ctx context.Context, tx querier, n news) ([]ledger.Moved, error) {
	list, err := places(ctx, tx, loadPlaces)
	if err != nil {
		return nil, err
	}
	s.tally.Load(n.version, n.settled, list)
	rows, err := tx.Query(ctx, loadMoves, n.settled)
	if err != nil {
		return nil, err
	}
	return moved(rows)
}

// places reads rows of the table of places.
func places(ctx context.Context, tx querier, query string, args ...any) ([]ledger.Row, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r ledger.Row, err error) {
		return r, row.Scan(&r.Slot, &r.Capacity, &r.Taken, &r.Settled)
	})
}

// catchUp reads the news within a transaction and counts them in the tally,
// which is locked.
func (s *Store) catchUp(ctx context.Context, tx querier) error {
	var n news
	var b pgx.Batch
	n.queue(&b, s.tally.At())
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		return err
	}
	return s.count(ctx, tx, n)
}

// queuePlaces brings rows of the table of places up to date.
func queuePlaces(b *pgx.Batch, rows []ledger.Row) {
	if len(rows) == 0 {
		return
	}
	slots, taken, settled := make([]int64, len(rows)), make([]int64, len(rows)), make([]int64, len(rows))
	for i, r := range rows {
		slots[i], taken[i], settled[i] = int64(r.Slot), int64(r.Taken), r.Settled
	}
	b.Queue(updatePlaces, slots, taken, settled)
}

func queueSweep(b *pgx.Batch, s ledger.Sweep) {
	queuePlaces(b, s.Rows)
	if s.Floor > 0 {
		b.Queue(updateSwept, s.Floor)
		b.Queue(dropMoves, s.Floor)
	}
}

// settle brings the rows of slots up to date within a transaction that has the
// writers' lock.
func (s *Store) settle(ctx context.Context, tx pgx.Tx, slots []booking.SlotID) error {
	s.tally.Lock()
	defer s.tally.Unlock()
	if err := s.catchUp(ctx, tx); err != nil {
		return err
	}
	var b pgx.Batch
	queuePlaces(&b, s.tally.Rows(slots))
	return tx.SendBatch(ctx, &b).Close()
}

// Counts returns the places of every slot that changed after a point, and the
// point they are current to.
func (s *Store) Counts(ctx context.Context, since int64) (counts []ledger.Count, current int64, err error) {
	s.tally.Lock()
	defer s.tally.Unlock()
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(ctx, s.pool, snapshot, func(tx pgx.Tx) error { return s.catchUp(ctx, tx) })
	if err != nil {
		return nil, 0, fmt.Errorf("counts: %w", err)
	}
	counts, current = s.tally.Since(since)
	return counts, current, nil
}
