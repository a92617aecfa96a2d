package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

var (
	insertBookings = into("bookings", "serial", "person", "replaced", "live", "first", "second", "key", "digest", "chosen_first", "chosen_second",
		"cohort", "pass", "hold", "made_ms", "since_ms", "sealed", "cites", "tag")
	insertEvents  = into("outbox", "id", "kind", "serial", "cites", "first", "second", "left_first", "left_second", "freed", "time_ms")
	insertAnswers = into("answers", "person", "key", "digest", "code", "serial", "first", "second", "freed", "time_ms")
)

// Each takes a JSON array of rows, which are few: changes and cancellations are
// rarer than bookings, and the slots of a batch fewer than its requests.
const (
	updateBookings = `
UPDATE OR ROLLBACK bookings SET hold = j.value ->> 1, live = j.value ->> 2, since_ms = j.value ->> 3, first = j.value ->> 4, second = j.value ->> 5
FROM json_each(?) AS j WHERE serial = j.value ->> 0`

	updateReplaced = `UPDATE OR ROLLBACK bookings SET replaced = serial WHERE serial IN (SELECT value FROM json_each(?))`

	insertMoves = `INSERT OR ROLLBACK INTO moves (batch, slots) VALUES (?, ?)`
)

// write applies a batch's changes, set by set.
func write(ctx context.Context, q querier, c booking.Changes, sweep ledger.Sweep, filed portion) error {
	w := writing{ctx: ctx, q: q}
	w.sweep(sweep)
	w.file(filed)
	w.updated(c.Updated)
	update(&w, "replaced bookings", updateReplaced, c.Replaced)
	w.made(c.New)
	w.events(c.Events)
	w.answers(c.Answers)
	w.moves(c)
	return w.err
}

// writing is a sequence of statements; after the first error the rest do
// nothing.
type writing struct {
	ctx context.Context
	q   querier
	err error
}

func (w *writing) insert(into insert, args []any) {
	if w.err != nil {
		return
	}
	if err := into.run(w.ctx, w.q, args); err != nil {
		w.err = fmt.Errorf("%s: %w", into.table, err)
	}
}

func (w *writing) exec(what, statement string, args ...any) {
	if w.err != nil {
		return
	}
	if _, err := w.q.ExecContext(w.ctx, statement, args...); err != nil {
		w.err = fmt.Errorf("%s: %w", what, err)
	}
}

func update[T any](w *writing, what, statement string, rows []T) {
	if w.err != nil || len(rows) == 0 {
		return
	}
	array, err := json.Marshal(rows)
	if err != nil {
		w.err = fmt.Errorf("%s: %w", what, err)
		return
	}
	w.exec(what, statement, string(array))
}

// events leaves out the making of bookings, of which their rows tell.
func (w *writing) events(events []booking.Event) {
	var args []any
	for _, e := range events {
		if e.Kind == booking.Booked {
			continue
		}
		first, second := booking.Pair(e.Slots)
		leftFirst, leftSecond := booking.Pair(e.Left)
		args = append(args, e.ID, string(e.Kind), e.Serial, false, int64(first), int64(second), int64(leftFirst), int64(leftSecond), e.Freed, e.TimeMS)
	}
	w.insert(insertEvents, args)
}

func (w *writing) made(list []booking.Made) {
	args := make([]any, 0, len(list)*insertBookings.columns)
	for _, m := range list {
		first, second := booking.Pair(m.Slots)
		chosenFirst, chosenSecond := booking.Pair(m.Chosen)
		replaced := int64(0)
		if m.Replaced {
			replaced = m.Serial
		}
		args = append(args, m.Serial, m.Person, replaced, m.Live, int64(first), int64(second),
			m.Key, int64(m.Digest), int64(chosenFirst), int64(chosenSecond),
			m.Cohort, m.Pass, m.Hold, m.MadeMS, m.SinceMS, sealed(m.Sealed), m.Cites, entryOf(m.Person, m.Serial).tag)
	}
	w.insert(insertBookings, args)
}

func (w *writing) updated(bookings []booking.Booking) {
	rows := make([][6]any, len(bookings))
	for i, b := range bookings {
		first, second := booking.Pair(b.Slots)
		rows[i] = [...]any{b.Serial, b.Hold, b.Live, b.SinceMS, first, second}
	}
	update(w, "changed bookings", updateBookings, rows)
}

func (w *writing) answers(answers []booking.Recorded) {
	args := make([]any, 0, len(answers)*insertAnswers.columns)
	for _, a := range answers {
		o := a.Outcome
		first, second := booking.Pair(o.Slots)
		args = append(args, a.Person, a.Key, int64(a.Digest), string(o.Code), o.Serial, int64(first), int64(second), o.Freed, a.TimeMS)
	}
	w.insert(insertAnswers, args)
}

// sealed is an empty blob rather than null where there is no personal data.
func sealed(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
