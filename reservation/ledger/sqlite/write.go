package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"sunbeon/reservation/booking"
)

var (
	insertEvents   = into("outbox", "kind", "serial", "cohort", "pass", "slots", "time_ms")
	insertBookings = into("bookings", "serial", "person", "cohort", "pass", "hold", "sealed", "live", "made_ms", "since_ms")
	insertDoses    = into("doses", "person", "dose", "serial", "slot", "live")
	insertAnswers  = into("answers", "person", "key", "digest", "code", "serial", "slots", "freed", "time_ms")
)

// Each takes a JSON array of rows, which are few: changes and cancellations are
// rarer than bookings, and the slots of a batch fewer than its requests.
const (
	updateBookings = `
UPDATE bookings SET hold = j.value ->> 1, live = j.value ->> 2, since_ms = j.value ->> 3
FROM json_each(?) AS j WHERE serial = j.value ->> 0`

	deleteDoses = `DELETE FROM doses WHERE person IN (SELECT value FROM json_each(?))`

	updatePlaces = `
UPDATE places SET taken = taken + (j.value ->> 1), changed = j.value ->> 2
FROM json_each(?) AS j WHERE slot = j.value ->> 0`
)

// write applies a batch's changes, set by set.
func write(ctx context.Context, q querier, c booking.Changes) error {
	w := writing{ctx: ctx, q: q}
	last := w.events(c.Events)
	w.bookings(c.New)
	w.updated(c.Updated)
	update(&w, "former doses", deleteDoses, c.Cleared)
	w.doses(c.Doses)
	w.taken(c.Taken, last)
	w.answers(c.Answers)
	return w.err
}

// writing is a sequence of statements; after the first error the rest do
// nothing.
type writing struct {
	ctx context.Context
	q   querier
	err error
}

func (w *writing) insert(into insert, args []any) (last int64) {
	if w.err != nil {
		return 0
	}
	last, err := into.run(w.ctx, w.q, args)
	if err != nil {
		w.err = fmt.Errorf("%s: %w", into.table, err)
	}
	return last
}

func update[T any](w *writing, what, statement string, rows []T) {
	if w.err != nil || len(rows) == 0 {
		return
	}
	array, err := json.Marshal(rows)
	if err == nil {
		_, err = w.q.ExecContext(w.ctx, statement, string(array))
	}
	if err != nil {
		w.err = fmt.Errorf("%s: %w", what, err)
	}
}

// events returns the id of the last one, 0 if there is none.
func (w *writing) events(events []booking.Event) int64 {
	var args []any
	for _, e := range events {
		args = append(args, string(e.Kind), e.Serial, e.Cohort, e.Pass, slotsJSON(e.Slots), e.TimeMS)
	}
	return w.insert(insertEvents, args)
}

func (w *writing) bookings(bookings []booking.Booking) {
	var args []any
	for _, b := range bookings {
		args = append(args, b.Serial, b.Person, b.Cohort, b.Pass, b.Hold, sealed(b.Sealed), b.Live, b.MadeMS, b.SinceMS)
	}
	w.insert(insertBookings, args)
}

func (w *writing) updated(bookings []booking.Booking) {
	rows := make([][4]any, len(bookings))
	for i, b := range bookings {
		rows[i] = [...]any{b.Serial, b.Hold, b.Live, b.SinceMS}
	}
	update(w, "changed bookings", updateBookings, rows)
}

func (w *writing) doses(doses []booking.Dose) {
	var args []any
	for _, d := range doses {
		args = append(args, d.Person, int64(d.N), d.Serial, int64(d.Slot), d.Live)
	}
	w.insert(insertDoses, args)
}

func (w *writing) taken(taken map[booking.SlotID]int, event int64) {
	rows := make([][3]int64, 0, len(taken))
	for id, n := range taken {
		if n != 0 {
			rows = append(rows, [...]int64{int64(id), int64(n), event})
		}
	}
	update(w, "places", updatePlaces, rows)
}

func (w *writing) answers(answers []booking.Recorded) {
	var args []any
	for _, a := range answers {
		o := a.Outcome
		args = append(args, a.Person, a.Key, int64(a.Digest), string(o.Code), o.Serial, slotsJSON(o.Slots), o.Freed, a.TimeMS)
	}
	w.insert(insertAnswers, args)
}

// slotsJSON is the text of a column that holds slots.
func slotsJSON(slots []booking.SlotID) string {
	text := []byte{'['}
	for i, id := range slots {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, id.String()...)
	}
	return string(append(text, ']'))
}

// sealed is an empty blob rather than null where there is no personal data.
func sealed(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
