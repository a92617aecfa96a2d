package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// SetCapacities changes how many places slots have.
func (s *Store) SetCapacities(ctx context.Context, places map[booking.SlotID]int) (surplus []booking.SlotID, err error) {
	if s.writes == nil {
		return nil, errReadOnly
	}
	err = pgx.BeginTxFunc(ctx, s.writes, writing, func(tx pgx.Tx) error {
		if err := s.settle(ctx, tx, slices.Collect(maps.Keys(places))); err != nil {
			return err
		}
		var changed []booking.SlotID
		for _, id := range slices.Sorted(maps.Keys(places)) {
			var taken, capacity int
			err := tx.QueryRow(ctx, `SELECT taken, capacity FROM places WHERE slot = $1`, int64(id)).Scan(&taken, &capacity)
			if errors.Is(err, pgx.ErrNoRows) {
				return fmt.Errorf("there is no slot %s", id)
			}
			if err != nil {
				return err
			}
			if taken > places[id] {
				surplus = append(surplus, id)
			}
			n, err := setPlaces(ctx, tx, id, max(taken, places[id]), capacity, places[id] > 0)
			if err != nil {
				return err
			}
			if n > 0 {
				changed = append(changed, id)
			}
		}
		return resupplied(ctx, tx, changed, time.Now().UnixMilli())
	})
	if err != nil {
		return nil, fmt.Errorf("set capacities: %w", err)
	}
	return surplus, nil
}

// setPlaces gives a slot a capacity and, if it is to have places, brings it back
// from a withdrawal. It returns how many rows that changed.
func setPlaces(ctx context.Context, tx pgx.Tx, id booking.SlotID, capacity, before int, open bool) (changed int64, err error) {
	if capacity != before {
		changed = 1
		if _, err := tx.Exec(ctx, `UPDATE places SET capacity = $1 WHERE slot = $2`, capacity, int64(id)); err != nil {
			return 0, err
		}
	}
	if !open {
		return changed, nil
	}
	back, err := tx.Exec(ctx, `DELETE FROM withdrawals WHERE slot = $1`, int64(id))
	return changed + back.RowsAffected(), err
}

// imported makes the catalog a new version.
func imported(ctx context.Context, tx pgx.Tx, nowMS int64, added bool) (version int64, err error) {
	return version, tx.QueryRow(ctx, `INSERT INTO imports (time_ms, added) VALUES ($1, $2) RETURNING id`, nowMS, added).Scan(&version)
}

// importedSince is the version of the catalog and whether rows were added since
// another.
func importedSince(ctx context.Context, q querier, since int64) (version int64, added bool, err error) {
	const query = `SELECT coalesce(max(id), $1), coalesce(bool_or(added), false) FROM imports WHERE id > $1`
	return version, added, q.QueryRow(ctx, query, since).Scan(&version, &added)
}

// resupplied makes the catalog a new version, unless no slot has changed.
func resupplied(ctx context.Context, tx pgx.Tx, changed []booking.SlotID, nowMS int64) error {
	if len(changed) == 0 {
		return nil
	}
	version, err := imported(ctx, tx, nowMS, false)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE places SET version = $1 WHERE slot = ANY ($2)`, version, changed)
	return err
}

// What a withdrawal does, in order: who holds a place in a slot not withdrawn
// before gets an event, and the slots are marked and emptied.
const (
	tellWithdrawn = `
INSERT INTO outbox (id, kind, serial, cites, first, second, freed, time_ms)
SELECT (` + loadLast + `) + row_number() OVER (ORDER BY serial), $3, serial, false, first, second, '', $2 FROM bookings
WHERE live AND (first = ANY ($1) AND first NOT IN (SELECT slot FROM withdrawals)
  OR second = ANY ($1) AND second NOT IN (SELECT slot FROM withdrawals))`
	markWithdrawn  = `INSERT INTO withdrawals (slot, time_ms) SELECT unnest($1::bigint[]), $2 ON CONFLICT DO NOTHING`
	emptyWithdrawn = `UPDATE places SET capacity = taken WHERE slot = ANY ($1)`
)

// Withdraw takes slots off for good.
func (s *Store) Withdraw(ctx context.Context, slots []booking.SlotID, nowMS int64) error {
	if s.writes == nil {
		return errReadOnly
	}
	ids := make([]int64, len(slots))
	for i, id := range slots {
		ids[i] = int64(id)
	}
	err := pgx.BeginTxFunc(ctx, s.writes, writing, func(tx pgx.Tx) error {
		if err := s.settle(ctx, tx, slots); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, tellWithdrawn, ids, nowMS, string(booking.Withdrawn)); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, markWithdrawn, ids, nowMS); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, emptyWithdrawn, ids); err != nil {
			return err
		}
		return resupplied(ctx, tx, slots, nowMS)
	})
	if err != nil {
		return fmt.Errorf("withdraw: %w", err)
	}
	return nil
}

// Holders returns the live bookings in slots.
func (s *Store) Holders(ctx context.Context, slots []booking.SlotID) ([]booking.Booking, error) {
	rows, err := s.pool.Query(ctx, ledger.SelectBookings+`WHERE b.live AND (b.first = ANY ($1) OR b.second = ANY ($1)) ORDER BY b.serial`, slots)
	if err != nil {
		return nil, fmt.Errorf("holders: %w", err)
	}
	holders, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (booking.Booking, error) { return ledger.ScanBooking(row) })
	if err != nil {
		return nil, fmt.Errorf("holders: %w", err)
	}
	return holders, nil
}
