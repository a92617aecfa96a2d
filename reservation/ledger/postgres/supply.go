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
)

// SetCapacities changes how many places slots have.
func (s *Store) SetCapacities(ctx context.Context, places map[booking.SlotID]int) (surplus []booking.SlotID, err error) {
	if s.writes == nil {
		return nil, errReadOnly
	}
	err = pgx.BeginTxFunc(ctx, s.writes, writing, func(tx pgx.Tx) error {
		for _, id := range slices.Sorted(maps.Keys(places)) {
			var taken int
			err := tx.QueryRow(ctx, `UPDATE places SET capacity = greatest(taken, $1) WHERE slot = $2 RETURNING taken`, places[id], int64(id)).Scan(&taken)
			if errors.Is(err, pgx.ErrNoRows) {
				return fmt.Errorf("there is no slot %s", id)
			}
			if err != nil {
				return err
			}
			if taken > places[id] {
				surplus = append(surplus, id)
			}
		}
		_, err := tx.Exec(ctx, `INSERT INTO imports (time_ms) VALUES ($1)`, time.Now().UnixMilli())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("set capacities: %w", err)
	}
	return surplus, nil
}

// Holders returns the live bookings in slots.
func (s *Store) Holders(ctx context.Context, slots []booking.SlotID) ([]booking.Booking, error) {
	rows, err := s.pool.Query(ctx, selectBooking+`WHERE b.live AND (b.first = ANY ($1) OR b.second = ANY ($1)) ORDER BY b.serial`, slots)
	if err != nil {
		return nil, fmt.Errorf("holders: %w", err)
	}
	holders, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (booking.Booking, error) { return scanBooking(row) })
	if err != nil {
		return nil, fmt.Errorf("holders: %w", err)
	}
	return holders, nil
}
