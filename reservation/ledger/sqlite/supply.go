package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// SetCapacities changes how many places slots have.
func (s *Store) SetCapacities(ctx context.Context, places map[booking.SlotID]int) (surplus []booking.SlotID, err error) {
	err = s.change(ctx, func(tx *sql.Tx) error {
		if err := s.settle(ctx, tx, slices.Collect(maps.Keys(places))); err != nil {
			return err
		}
		var changed []booking.SlotID
		for _, id := range slices.Sorted(maps.Keys(places)) {
			var taken, capacity int
			err := tx.QueryRowContext(ctx, `SELECT taken, capacity FROM places WHERE slot = ?`, int64(id)).Scan(&taken, &capacity)
			if err == sql.ErrNoRows {
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
func setPlaces(ctx context.Context, tx *sql.Tx, id booking.SlotID, capacity, before int, open bool) (changed int64, err error) {
	if capacity != before {
		changed = 1
		if _, err := tx.ExecContext(ctx, `UPDATE places SET capacity = ? WHERE slot = ?`, capacity, int64(id)); err != nil {
			return 0, err
		}
	}
	if !open {
		return changed, nil
	}
	back, err := tx.ExecContext(ctx, `DELETE FROM withdrawals WHERE slot = ?`, int64(id))
	if err != nil {
		return 0, err
	}
	n, err := back.RowsAffected()
	return changed + n, err
}

// imported makes the catalog a new version.
func imported(ctx context.Context, tx *sql.Tx, nowMS int64, added bool) (version int64, err error) {
	return version, tx.QueryRowContext(ctx, `INSERT INTO imports (time_ms, added) VALUES (?, ?) RETURNING id`, nowMS, added).Scan(&version)
}

// importedSince is the version of the catalog and whether rows were added since
// another.
func importedSince(ctx context.Context, q reader, since int64) (version int64, added bool, err error) {
	err = scanAll(ctx, q, loadImports, func(rows *sql.Rows) error { return rows.Scan(&version, &added) }, since)
	return version, added, err
}

const loadImports = `SELECT coalesce(max(id), ?1), coalesce(max(added), 0) FROM imports WHERE id > ?1`

// resupplied makes the catalog a new version, unless no slot has changed.
func resupplied(ctx context.Context, tx *sql.Tx, changed []booking.SlotID, nowMS int64) error {
	if len(changed) == 0 {
		return nil
	}
	version, err := imported(ctx, tx, nowMS, false)
	if err != nil {
		return err
	}
	ids, err := json.Marshal(changed)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE places SET version = ?1 WHERE slot IN (SELECT value FROM json_each(?2))`, version, string(ids))
	return err
}

// What a withdrawal does, in order: who holds a place in a slot not withdrawn
// before gets an event, and the slots are marked and emptied.
var withdrawal = []string{
	`INSERT INTO outbox (id, kind, serial, cites, first, second, freed, time_ms)
SELECT (` + loadLast + `) + row_number() OVER (ORDER BY serial), ?3, serial, 0, first, second, '', ?2 FROM bookings
WHERE live AND (first IN (SELECT value FROM json_each(?1) EXCEPT SELECT slot FROM withdrawals)
  OR second IN (SELECT value FROM json_each(?1) EXCEPT SELECT slot FROM withdrawals))`,
	`INSERT OR IGNORE INTO withdrawals (slot, time_ms) SELECT value, ?2 FROM json_each(?1)`,
	`UPDATE places SET capacity = taken WHERE slot IN (SELECT value FROM json_each(?1))`,
}

// Withdraw takes slots off for good.
func (s *Store) Withdraw(ctx context.Context, slots []booking.SlotID, nowMS int64) error {
	ids, err := json.Marshal(slots)
	if err != nil {
		return err
	}
	err = s.change(ctx, func(tx *sql.Tx) error {
		if err := s.settle(ctx, tx, slots); err != nil {
			return err
		}
		for _, step := range withdrawal {
			if _, err := tx.ExecContext(ctx, step, string(ids), nowMS, string(booking.Withdrawn)); err != nil {
				return err
			}
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
	ids, err := json.Marshal(slots)
	if err != nil {
		return nil, err
	}
	var holders []booking.Booking
	err = scanAll(ctx, s.reads, ledger.SelectBookings+`
WHERE b.live AND (b.first IN (SELECT value FROM json_each(?1)) OR b.second IN (SELECT value FROM json_each(?1))) ORDER BY b.serial`,
		func(rows *sql.Rows) error {
			b, err := ledger.ScanBooking(rows)
			holders = append(holders, b)
			return err
		}, string(ids))
	if err != nil {
		return nil, fmt.Errorf("holders: %w", err)
	}
	return holders, nil
}
