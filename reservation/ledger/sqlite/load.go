package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"sunbeon/reservation/booking"
)

// CROSS JOIN fixes the order of the join: one look-up in the table for each
// element of the batch, never a scan.
const (
	loadPlaces = `
SELECT p.slot, p.capacity, p.taken
FROM json_each(?) AS j CROSS JOIN places AS p ON p.slot = j.value`

	loadLatest = `
SELECT d.person, d.slot, b.serial, b.cohort, b.pass, b.hold, b.live, b.made_ms, b.since_ms
FROM json_each(?) AS j CROSS JOIN doses AS d ON d.person = j.value CROSS JOIN bookings AS b ON b.serial = d.serial
ORDER BY d.person, d.dose`

	loadAnswers = `
SELECT a.person, a.key, a.digest, a.code, a.serial, a.slots, a.freed, a.time_ms
FROM json_each(?) AS j CROSS JOIN answers AS a ON a.person = j.value ->> 0 AND a.key = j.value ->> 1`

	loadLast = `SELECT coalesce(max(serial), 0) FROM bookings`
)

// load reads all that the requests of a batch depend on.
func load(ctx context.Context, q querier, batch []booking.Request) (booking.State, error) {
	want := booking.Touched(batch)
	state := booking.State{Places: make(map[booking.SlotID]booking.Places, len(want.Slots))}
	err := each(ctx, q, loadPlaces, want.Slots, func(rows *sql.Rows) error {
		var id booking.SlotID
		var p booking.Places
		if err := rows.Scan(&id, &p.Capacity, &p.Taken); err != nil {
			return err
		}
		state.Places[id] = p
		return nil
	})
	if err != nil {
		return state, fmt.Errorf("places: %w", err)
	}
	if state.Latest, err = latest(ctx, q, want.Persons); err != nil {
		return state, err
	}
	if state.Answered, err = answered(ctx, q, want.Attempts); err != nil {
		return state, err
	}
	err = scanAll(ctx, q, loadLast, func(rows *sql.Rows) error { return rows.Scan(&state.Last) })
	if err != nil {
		return state, fmt.Errorf("last serial: %w", err)
	}
	return state, nil
}

// latest reads the persons' latest bookings, without the sealed data.
func latest(ctx context.Context, q querier, persons []string) (map[string]booking.Booking, error) {
	found := map[string]booking.Booking{}
	err := each(ctx, q, loadLatest, persons, func(rows *sql.Rows) error {
		var b booking.Booking
		var slot booking.SlotID
		if err := rows.Scan(&b.Person, &slot, &b.Serial, &b.Cohort, &b.Pass, &b.Hold, &b.Live, &b.MadeMS, &b.SinceMS); err != nil {
			return err
		}
		b.Slots = append(found[b.Person].Slots, slot)
		found[b.Person] = b
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("latest bookings: %w", err)
	}
	return found, nil
}

func answered(ctx context.Context, q querier, attempts []booking.Attempt) (map[booking.Attempt]booking.Recorded, error) {
	pairs := make([][2]string, len(attempts))
	for i, a := range attempts {
		pairs[i] = [2]string{a.Person, a.Key}
	}
	found := map[booking.Attempt]booking.Recorded{}
	err := each(ctx, q, loadAnswers, pairs, func(rows *sql.Rows) error {
		var r booking.Recorded
		o := &r.Outcome
		var slots []byte
		if err := rows.Scan(&r.Person, &r.Key, &r.Digest, &o.Code, &o.Serial, &slots, &o.Freed, &r.TimeMS); err != nil {
			return err
		}
		if err := json.Unmarshal(slots, &o.Slots); err != nil {
			return err
		}
		found[r.Attempt] = r
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("answers: %w", err)
	}
	return found, nil
}

// each runs a query whose only argument is a JSON array and scans its rows.
func each(ctx context.Context, q querier, query string, array any, scan func(*sql.Rows) error) error {
	arg, err := json.Marshal(array)
	if err != nil {
		return err
	}
	return scanAll(ctx, q, query, scan, string(arg))
}

func scanAll(ctx context.Context, q querier, query string, scan func(*sql.Rows) error, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
