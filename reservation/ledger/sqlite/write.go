package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"sunbeon/reservation/booking"
)

const (
	insertEvents = `
INSERT INTO outbox (kind, serial, cohort, pass, slots, time_ms)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 FROM json_each(?)`

	insertBookings = `
INSERT INTO bookings (serial, person, cohort, pass, hold, sealed, live, made_ms, since_ms)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, unhex(value ->> 5), value ->> 6, value ->> 7, value ->> 8
FROM json_each(?)`

	updateBookings = `
UPDATE bookings SET hold = j.value ->> 1, live = j.value ->> 2, since_ms = j.value ->> 3
FROM json_each(?) AS j WHERE serial = j.value ->> 0`

	deleteDoses = `DELETE FROM doses WHERE person IN (SELECT value FROM json_each(?))`

	insertDoses = `
INSERT INTO doses (person, dose, serial, slot, live)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?)`

	updatePlaces = `
UPDATE places SET taken = taken + (j.value ->> 1), changed = ?
FROM json_each(?) AS j WHERE slot = j.value ->> 0`

	insertAnswers = `
INSERT INTO answers (person, key, digest, code, serial, slots, freed, time_ms)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7 FROM json_each(?)`
)

// writing is a sequence of set-based statements; after the first error the rest
// do nothing.
type writing struct {
	ctx context.Context
	tx  *sql.Tx
	err error
}

// row is one element of a statement's JSON array.
type row []any

func (w *writing) run(what, statement string, rows []row, args ...any) (result sql.Result) {
	if w.err != nil || len(rows) == 0 {
		return nil
	}
	array, err := json.Marshal(rows)
	if err == nil {
		result, err = w.tx.ExecContext(w.ctx, statement, append(args, string(array))...)
	}
	if err != nil {
		w.err = fmt.Errorf("%s: %w", what, err)
	}
	return result
}

// events returns the id of the last one, 0 if there is none.
func (w *writing) events(events []booking.Event) int64 {
	rows := make([]row, len(events))
	for i, e := range events {
		rows[i] = row{e.Kind, e.Serial, e.Cohort, e.Pass, slotsJSON(e.Slots), e.TimeMS}
	}
	result := w.run("events", insertEvents, rows)
	if result == nil {
		return 0
	}
	id, err := result.LastInsertId()
	if err != nil {
		w.err = fmt.Errorf("events: %w", err)
	}
	return id
}

func (w *writing) bookings(bookings []booking.Booking) {
	rows := make([]row, len(bookings))
	for i, b := range bookings {
		rows[i] = row{b.Serial, b.Person, b.Cohort, b.Pass, b.Hold, hex.EncodeToString(b.Sealed), flag(b.Live), b.MadeMS, b.SinceMS}
	}
	w.run("bookings", insertBookings, rows)
}

func (w *writing) updated(bookings []booking.Booking) {
	rows := make([]row, len(bookings))
	for i, b := range bookings {
		rows[i] = row{b.Serial, b.Hold, flag(b.Live), b.SinceMS}
	}
	w.run("changed bookings", updateBookings, rows)
}

func (w *writing) doses(cleared []string, doses []booking.Dose) {
	persons := make([]any, len(cleared))
	for i, person := range cleared {
		persons[i] = person
	}
	if len(persons) > 0 {
		w.clear(persons)
	}
	rows := make([]row, len(doses))
	for i, d := range doses {
		rows[i] = row{d.Person, d.N, d.Serial, d.Slot, flag(d.Live)}
	}
	w.run("doses", insertDoses, rows)
}

func (w *writing) clear(persons row) {
	if w.err != nil {
		return
	}
	array, err := json.Marshal(persons)
	if err == nil {
		_, err = w.tx.ExecContext(w.ctx, deleteDoses, string(array))
	}
	if err != nil {
		w.err = fmt.Errorf("former doses: %w", err)
	}
}

func (w *writing) taken(taken map[booking.SlotID]int, event int64) {
	rows := make([]row, 0, len(taken))
	for id, n := range taken {
		if n != 0 {
			rows = append(rows, row{id, n})
		}
	}
	w.run("places", updatePlaces, rows, event)
}

func (w *writing) answers(answers []booking.Recorded) {
	rows := make([]row, len(answers))
	for i, a := range answers {
		o := a.Outcome
		rows[i] = row{a.Person, a.Key, a.Digest, o.Code, o.Serial, slotsJSON(o.Slots), o.Freed, a.TimeMS}
	}
	w.run("answers", insertAnswers, rows)
}

// slotsJSON is the text of a column that holds slots; null would break STRICT.
func slotsJSON(slots []booking.SlotID) string {
	if len(slots) == 0 {
		return "[]"
	}
	text, _ := json.Marshal(slots) // numbers always encode
	return string(text)
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
