package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

const (
	loadVersion = `SELECT (SELECT coalesce(max(id), 0) FROM imports), settled FROM tally`
	loadMoves   = `SELECT ` + ledger.MoveColumns + ` FROM outbox WHERE id > ? ORDER BY id`
	loadPlaces  = `SELECT slot, capacity, taken FROM places`

	updatePlace = `UPDATE OR ROLLBACK places SET taken = ? WHERE slot = ?`
	updateTally = `UPDATE OR ROLLBACK tally SET settled = ?`
)

// catchUp brings the tally, which is locked, up to what the transaction sees:
// from the start where capacities or slots have changed. It returns the event up
// to which the table of places has counted.
func (s *Store) catchUp(ctx context.Context, q reader) (settled int64, err error) {
	var version int64
	err = scanAll(ctx, q, loadVersion, func(rows *sql.Rows) error { return rows.Scan(&version, &settled) })
	if err != nil {
		return 0, err
	}
	if version != s.tally.Version() {
		var places []ledger.Row
		err := scanAll(ctx, q, loadPlaces, func(rows *sql.Rows) error {
			var r ledger.Row
			err := rows.Scan(&r.Slot, &r.Capacity, &r.Taken)
			places = append(places, r)
			return err
		})
		if err != nil {
			return 0, err
		}
		s.tally.Load(version, settled, places)
	}
	var moves []booking.Event
	err = scanAll(ctx, q, loadMoves, func(rows *sql.Rows) error {
		e, err := ledger.ScanMove(rows)
		moves = append(moves, e)
		return err
	}, s.tally.At())
	if err != nil {
		return 0, err
	}
	s.tally.Count(moves...)
	return settled, nil
}

// settle brings the table of places up to what the tally, which is locked, has
// counted. It runs a statement a slot: over several rows SQLite would first copy
// every page aside, to undo the statement alone if a row broke the capacity.
func (s *Store) settle(ctx context.Context, q querier, settled int64) error {
	rows, at := s.tally.Unsettled(settled)
	slices.SortFunc(rows, func(a, b ledger.Row) int { return cmp.Compare(a.Slot, b.Slot) }) // neighbours lie on one page
	for _, r := range rows {
		if _, err := q.ExecContext(ctx, updatePlace, int64(r.Taken), int64(r.Slot)); err != nil {
			return fmt.Errorf("settle places: %w", err)
		}
	}
	if _, err := q.ExecContext(ctx, updateTally, at); err != nil {
		return fmt.Errorf("settle places: %w", err)
	}
	return nil
}

// settled catches up and settles within a transaction under the writers' lock.
func (s *Store) settled(ctx context.Context, tx *sql.Tx) error {
	s.tally.Lock()
	defer s.tally.Unlock()
	settled, err := s.catchUp(ctx, tx)
	if err != nil {
		return err
	}
	return s.settle(ctx, tx, settled)
}

// Counts returns the places of every slot that changed after an outbox id, and
// the id they are current to.
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
