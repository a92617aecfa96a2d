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
)

// SetCapacities changes how many places slots have.
func (s *Store) SetCapacities(ctx context.Context, places map[booking.SlotID]int) (surplus []booking.SlotID, err error) {
	err = s.write(func() error {
		tx, err := s.writes.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		for _, id := range slices.Sorted(maps.Keys(places)) {
			var taken int
			err := tx.QueryRowContext(ctx, `UPDATE places SET capacity = max(taken, ?) WHERE slot = ? RETURNING taken`, places[id], int64(id)).Scan(&taken)
			if err == sql.ErrNoRows {
				return fmt.Errorf("there is no slot %s", id)
			}
			if err != nil {
				return err
			}
			if taken > places[id] {
				surplus = append(surplus, id)
			}
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO imports (time_ms) VALUES (?)`, time.Now().UnixMilli()); err != nil {
			return err
		}
		return tx.Commit()
	})
	if err != nil {
		return nil, fmt.Errorf("set capacities: %w", err)
	}
	return surplus, nil
}

// Holders returns the live bookings in slots.
func (s *Store) Holders(ctx context.Context, slots []booking.SlotID) ([]booking.Booking, error) {
	ids, err := json.Marshal(slots)
	if err != nil {
		return nil, err
	}
	var holders []booking.Booking
	err = scanAll(ctx, s.reads, selectBooking+`
WHERE b.live AND (b.first IN (SELECT value FROM json_each(?1)) OR b.second IN (SELECT value FROM json_each(?1))) ORDER BY b.serial`,
		func(rows *sql.Rows) error {
			b, err := scanBooking(rows.Scan)
			holders = append(holders, b)
			return err
		}, string(ids))
	if err != nil {
		return nil, fmt.Errorf("holders: %w", err)
	}
	return holders, nil
}
