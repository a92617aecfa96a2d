package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

const (
	// The highest number given out.
	loadLast = `
SELECT max((SELECT coalesce(max(serial), 0) FROM bookings), (SELECT coalesce(max(id), 0) FROM outbox),
  (SELECT coalesce(max(floor), 0) FROM restores))`

	// The version of the catalog, how far the tables have got that follow, and the
	// highest number given out.
	loadHead = `SELECT (SELECT coalesce(max(id), 0) FROM imports), places, filed, filing, next_tag, (` + loadLast + `) FROM progress`

	loadMoves = `SELECT batch, slots FROM moves WHERE batch > ? ORDER BY batch`
	// A slot withdrawn has no places, whoever leaves it.
	loadPlaces = `
SELECT slot, CASE WHEN EXISTS (SELECT 1 FROM withdrawals AS w WHERE w.slot = places.slot) THEN 0 ELSE capacity END, taken, settled
FROM places`
	loadSupplied = loadPlaces + ` WHERE version > 0 AND version > ?`

	updatePlace = `UPDATE OR ROLLBACK places SET taken = ?, settled = ? WHERE slot = ?`
	updateSwept = `UPDATE OR ROLLBACK progress SET places = ?1 WHERE places < ?1`
	dropMoves   = `DELETE FROM moves WHERE batch <= ?`
)

// catchUp brings the tally, which is locked, and the persons up to what the
// transaction sees: the tally from the start where slots were added, or moves it
// has not counted are no longer kept. It returns the highest number given out.
func (s *Store) catchUp(ctx context.Context, q reader) (last int64, err error) {
	var version, settled int64
	var f filing
	err = scanAll(ctx, q, loadHead, func(rows *sql.Rows) error {
		return rows.Scan(&version, &settled, &f.filed, &f.goal, &f.next, &last)
	})
	if err != nil {
		return 0, err
	}
	if last > s.persons.Known() {
		if err := s.learn(ctx, q, last); err != nil {
			return 0, err
		}
	}
	s.persons.Follow(f)
	if seen := s.tally.Version(); version != seen || settled > s.tally.At() {
		_, added, err := importedSince(ctx, q, seen)
		if err != nil {
			return 0, err
		}
		if added || settled > s.tally.At() {
			rows, err := places(ctx, q, loadPlaces)
			if err != nil {
				return 0, err
			}
			s.tally.Load(version, settled, rows)
		} else {
			rows, err := places(ctx, q, loadSupplied, seen)
			if err != nil {
				return 0, err
			}
			s.tally.Supply(version, rows)
		}
	}
	var list []ledger.Moved
	err = scanAll(ctx, q, loadMoves, func(rows *sql.Rows) error {
		m, err := ledger.ScanMoved(rows)
		list = append(list, m)
		return err
	}, s.tally.At())
	if err != nil {
		return 0, err
	}
	s.tally.Count(list...)
	return last, nil
}

// places reads rows of the table of places.
func places(ctx context.Context, q reader, query string, args ...any) (list []ledger.Row, err error) {
	err = scanAll(ctx, q, query, func(rows *sql.Rows) error {
		var r ledger.Row
		err := rows.Scan(&r.Slot, &r.Capacity, &r.Taken, &r.Settled)
		list = append(list, r)
		return err
	}, args...)
	return list, err
}

// sweep runs a statement a row: over several rows SQLite would first copy every
// page aside, to undo the statement alone if a row broke the capacity.
func (w *writing) sweep(s ledger.Sweep) {
	for _, r := range s.Rows {
		w.exec("places", updatePlace, int64(r.Taken), r.Settled, int64(r.Slot))
	}
	if s.Floor > 0 {
		w.exec("swept", updateSwept, s.Floor)
		w.exec("moves", dropMoves, s.Floor)
	}
}

func (w *writing) moves(c booking.Changes) {
	if w.err != nil || len(c.Moves) == 0 {
		return
	}
	slots, err := ledger.EncodeMoves(c.Moves)
	if err != nil {
		w.err = err
		return
	}
	w.exec("moves", insertMoves, c.Last, slots)
}

// settle brings the rows of slots up to date within a transaction under the
// writers' lock.
func (s *Store) settle(ctx context.Context, tx *sql.Tx, slots []booking.SlotID) error {
	s.tally.Lock()
	defer s.tally.Unlock()
	if _, err := s.catchUp(ctx, tx); err != nil {
		return err
	}
	w := writing{ctx: ctx, q: tx}
	w.sweep(ledger.Sweep{Rows: s.tally.Rows(slots)})
	return w.err
}

// Counts returns the places of every slot that changed after a point, and the
// point they are current to.
func (s *Store) Counts(ctx context.Context, since int64) (counts []ledger.Count, current int64, err error) {
	s.tally.Lock()
	defer s.tally.Unlock()
	snapshot, err := s.reads.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, 0, fmt.Errorf("counts: %w", err)
	}
	defer snapshot.Rollback()
	if _, err := s.catchUp(ctx, snapshot); err != nil {
		return nil, 0, fmt.Errorf("counts: %w", err)
	}
	counts, current = s.tally.Since(since)
	return counts, current, nil
}
