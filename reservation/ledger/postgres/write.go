package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"sunbeon/reservation/booking"
)

// The arrays of an array column cannot be unnested, because all would have to
// have the same length; a course has at most two slots, so they are two columns.
const (
	insertEvents = `
INSERT INTO outbox (kind, serial, cohort, pass, slots, time_ms)
SELECT kind, serial, cohort, pass, array_remove(ARRAY[first, second], 0), time_ms
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[])
  WITH ORDINALITY AS e (kind, serial, cohort, pass, first, second, time_ms, n) ORDER BY n`

	insertBookings = `
INSERT INTO bookings (serial, person, cohort, pass, hold, sealed, live, made_ms, since_ms)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::boolean[], $8::bigint[], $9::bigint[])`

	updateBookings = `
UPDATE bookings AS b SET hold = u.hold, live = u.live, since_ms = u.since_ms
FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::bigint[]) AS u (serial, hold, live, since_ms)
WHERE b.serial = u.serial`

	deleteDoses = `DELETE FROM doses WHERE person = ANY ($1)`

	insertDoses = `
INSERT INTO doses (person, dose, serial, slot, live)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::boolean[])`

	updatePlaces = `
UPDATE places AS p SET taken = taken + u.n, changed = (SELECT max(id) FROM outbox)
FROM unnest($1::bigint[], $2::bigint[]) AS u (slot, n) WHERE p.slot = u.slot`

	insertAnswers = `
INSERT INTO answers (person, key, digest, code, serial, slots, freed, time_ms)
SELECT person, key, digest, code, serial, array_remove(ARRAY[first, second], 0), freed, time_ms
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[], $9::bigint[])
  AS a (person, key, digest, code, serial, first, second, freed, time_ms)`
)

// write applies a batch's changes: a statement a table, all in one round trip.
func write(ctx context.Context, tx pgx.Tx, c booking.Changes) error {
	var b pgx.Batch
	if len(c.Events) > 0 {
		queueEvents(&b, c.Events)
	}
	if len(c.New) > 0 {
		queueBookings(&b, c.New)
	}
	if len(c.Updated) > 0 {
		queueUpdated(&b, c.Updated)
	}
	if len(c.Cleared) > 0 {
		b.Queue(deleteDoses, c.Cleared)
	}
	if len(c.Doses) > 0 {
		queueDoses(&b, c.Doses)
	}
	if len(c.Taken) > 0 {
		queueTaken(&b, c.Taken)
	}
	queueAnswers(&b, c.Answers)
	return tx.SendBatch(ctx, &b).Close()
}

func queueEvents(b *pgx.Batch, events []booking.Event) {
	var kind, cohort, pass []string
	var serial, first, second, timeMS []int64
	for _, e := range events {
		one, two := slots(e.Slots)
		kind, cohort, pass = append(kind, string(e.Kind)), append(cohort, e.Cohort), append(pass, e.Pass)
		serial, first, second, timeMS = append(serial, e.Serial), append(first, one), append(second, two), append(timeMS, e.TimeMS)
	}
	b.Queue(insertEvents, kind, serial, cohort, pass, first, second, timeMS)
}

func queueBookings(b *pgx.Batch, bookings []booking.Booking) {
	var person, cohort, pass, hold []string
	var serial, made, since []int64
	var sealed [][]byte
	var live []bool
	for _, k := range bookings {
		if k.Sealed == nil {
			k.Sealed = []byte{}
		}
		person, cohort, pass, hold = append(person, k.Person), append(cohort, k.Cohort), append(pass, k.Pass), append(hold, k.Hold)
		serial, made, since = append(serial, k.Serial), append(made, k.MadeMS), append(since, k.SinceMS)
		sealed, live = append(sealed, k.Sealed), append(live, k.Live)
	}
	b.Queue(insertBookings, serial, person, cohort, pass, hold, sealed, live, made, since)
}

func queueUpdated(b *pgx.Batch, bookings []booking.Booking) {
	var hold []string
	var serial, since []int64
	var live []bool
	for _, k := range bookings {
		hold, serial = append(hold, k.Hold), append(serial, k.Serial)
		since, live = append(since, k.SinceMS), append(live, k.Live)
	}
	b.Queue(updateBookings, serial, hold, live, since)
}

func queueDoses(b *pgx.Batch, doses []booking.Dose) {
	var person []string
	var dose, serial, slot []int64
	var live []bool
	for _, d := range doses {
		person, live = append(person, d.Person), append(live, d.Live)
		dose, serial, slot = append(dose, int64(d.N)), append(serial, d.Serial), append(slot, int64(d.Slot))
	}
	b.Queue(insertDoses, person, dose, serial, slot, live)
}

func queueTaken(b *pgx.Batch, taken map[booking.SlotID]int) {
	var slot, n []int64
	for id, places := range taken {
		slot, n = append(slot, int64(id)), append(n, int64(places))
	}
	b.Queue(updatePlaces, slot, n)
}

func queueAnswers(b *pgx.Batch, answers []booking.Recorded) {
	var person, key, code, freed []string
	var digest, serial, first, second, timeMS []int64
	for _, a := range answers {
		one, two := slots(a.Outcome.Slots)
		person, key = append(person, a.Person), append(key, a.Key)
		code, freed = append(code, string(a.Outcome.Code)), append(freed, a.Outcome.Freed)
		digest, serial = append(digest, int64(a.Digest)), append(serial, a.Outcome.Serial)
		first, second, timeMS = append(first, one), append(second, two), append(timeMS, a.TimeMS)
	}
	b.Queue(insertAnswers, person, key, digest, code, serial, first, second, freed, timeMS)
}

// slots are those of the first and second dose, 0 for none.
func slots(list []booking.SlotID) (first, second int64) {
	if len(list) > 0 {
		first = int64(list[0])
	}
	if len(list) > 1 {
		second = int64(list[1])
	}
	return first, second
}
