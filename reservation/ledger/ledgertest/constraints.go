package ledgertest

import (
	"database/sql"
	"testing"

	"sunbeon/reservation/booking"
)

// copied is a row of bookings beside another, with another serial and a change.
const copied = `INSERT INTO bookings (serial, person, replaced, live, first, second, key, digest, chosen_first, chosen_second,
  cohort, pass, hold, made_ms, since_ms, sealed)
SELECT serial + 1000, person, replaced, live, first, second, 'another', digest, chosen_first, chosen_second,
  cohort, pass, hold, made_ms, since_ms, sealed FROM bookings WHERE serial = $1`

// constraints checks that the database itself holds the two rules that matter most,
// whoever writes to it, and by whatever way.
func constraints(t *testing.T, h Harness) {
	address := h.Create(t)
	l := openAt(t, h, address)
	if err := l.Seed(t.Context(), catalog()); err != nil {
		t.Fatal(err)
	}
	ann := l.do(t, book(person(1), "k"))
	want(t, "booking", ann, booking.Done)
	want(t, "cancel", l.do(t, booking.Request{Kind: booking.Cancel, Key: "c", Person: person(1), Serial: ann.Serial}), booking.Done)
	again := l.do(t, book(person(1), "again"))
	want(t, "booking again", again, booking.Done)
	bob := l.do(t, book(person(2), "k"))
	want(t, "booking", bob, booking.Done)

	db, err := sql.Open(h.Driver, h.Source(address))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	refused := func(what, statement string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), statement, args...); err == nil {
			t.Errorf("the database takes %s", what)
		}
		sound(t, l, 2)
	}
	refused("a second booking", copied, bob.Serial)
	refused("the cancelled booking beside the live one", `UPDATE bookings SET live = TRUE WHERE serial = $1`, ann.Serial)
	refused("both as the latest", `UPDATE bookings SET live = TRUE, replaced = 0 WHERE serial = $1`, ann.Serial)
	refused("one more by way of another person", `UPDATE bookings SET person = $1 WHERE serial = $2`, person(1), bob.Serial)
	refused("more people than places", `UPDATE places SET taken = capacity + 1 WHERE slot = $1`, int64(first))
	refused("fewer people than nobody", `UPDATE places SET taken = -1 WHERE slot = $1`, int64(first))

	want(t, "booking on", l.do(t, book(person(3), "k")), booking.Done)
	sound(t, l, 3)
}
