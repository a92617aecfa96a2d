package ledgertest

import (
	"database/sql"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// before is the schema whose outbox told of every booking, and was what places
// were counted from.
const before = 3

// written by a release of that schema: person 2 has moved from slot 1 to slot 2,
// and the table of places has counted the first booking only.
var written = []string{
	`INSERT INTO vaccines VALUES ('mRNA', 2, 42, 3)`,
	`INSERT INTO institutions VALUES (1, 'Mapo Clinic', 'Seoul', 'Mapo-gu')`,
	`INSERT INTO slots VALUES (1, 1, 0, 'mRNA'), (2, 1, 30, 'mRNA'), (11, 1, 60480, 'mRNA'), (12, 1, 60510, 'mRNA')`,
	`INSERT INTO places (slot, capacity, taken) VALUES (1, 3, 1), (2, 3, 0), (11, 3, 1), (12, 3, 0)`,
	`INSERT INTO imports (time_ms) VALUES (1)`,
	`UPDATE tally SET settled = 1`,
	`INSERT INTO outbox (kind, serial, cites, first, second, freed, time_ms, left_first, left_second) VALUES
  ('booked', 1, TRUE, 1, 11, '', 1, 0, 0), ('booked', 2, TRUE, 1, 11, '', 1, 0, 0), ('changed', 2, FALSE, 2, 12, '', 2, 1, 11)`,
}

const writtenBookings = `INSERT INTO bookings VALUES
  (1, '1', 0, TRUE, 1, 11, 'k', 1, 1, 11, 'tenth-9', 'pass-1', '', 1, 1, $1),
  (2, '2', 0, TRUE, 2, 12, 'k', 1, 1, 11, 'tenth-9', 'pass-2', '', 1, 2, $1)`

// Upgrade opens a ledger of an earlier release, books on, and does the same again
// after a step back. The migrations are those of the test's directory.
func Upgrade(t *testing.T, dialect goose.Dialect, db *sql.DB, open func() (ledger.Store, error)) {
	t.Helper()
	provider, err := goose.NewProvider(dialect, db, os.DirFS("migrations"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	for _, statement := range written {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	if _, err := db.ExecContext(t.Context(), writtenBookings, []byte("sealed")); err != nil {
		t.Fatal(err)
	}
	bookOn(t, open, "3", []int64{1, 2, 3, 4}, 1)
	if _, err := provider.DownTo(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	bookOn(t, open, "4", []int64{1, 2, 3, 4, 5}, 0)
}

// bookOn books one more course in the slots of person 2. Then the events have
// these numbers, and so many places are free there.
func bookOn(t *testing.T, open func() (ledger.Store, error), person string, numbers []int64, free int) {
	t.Helper()
	store, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	next := book(person, "k")
	next.First, next.Second = first+1, []booking.SlotID{second + 1}
	outcomes, err := store.Commit(t.Context(), func() []booking.Request { return []booking.Request{next} })
	if err != nil {
		t.Fatal(err)
	}
	want(t, "booking on", outcomes[0], booking.Done)
	if last := numbers[len(numbers)-1]; outcomes[0].Serial != last {
		t.Errorf("serial %d, want %d", outcomes[0].Serial, last)
	}
	sound(t, store, int64(len(numbers)-1)) // one was changed
	events, err := store.Events(t.Context(), 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	var got []int64
	for _, e := range events {
		got = append(got, e.ID)
	}
	if diff := cmp.Diff(numbers, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	counts, _, err := store.Counts(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	places := map[booking.SlotID]int{}
	for _, c := range counts {
		places[c.Slot] = c.Free
	}
	if diff := cmp.Diff(map[booking.SlotID]int{first: 2, first + 1: free, second: 2, second + 1: free}, places); diff != "" {
		t.Errorf("places free (-want +got):\n%s", diff)
	}
}
