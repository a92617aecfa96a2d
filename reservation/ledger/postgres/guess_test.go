package postgres

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/ledgertest"
)

// Slots of the test.
const (
	roomy booking.SlotID = 1 + iota
	single
	withdrawn
)

func ask(kind booking.Kind, person int, key string, slot booking.SlotID, serial int64) booking.Request {
	return booking.Request{Kind: kind, Key: key, Person: fmt.Sprint(person), First: slot, Serial: serial, Pass: "pass"}
}

func do(t *testing.T, s *Store, batch ...booking.Request) (codes []booking.Code) {
	t.Helper()
	outcomes, err := s.Commit(t.Context(), func() []booking.Request { return batch })
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range outcomes {
		codes = append(codes, o.Code)
	}
	return codes
}

// guesses is what becomes of a batch when it is only guessed.
func guesses(t *testing.T, s *Store, batch ...booking.Request) ([]booking.Outcome, error) {
	t.Helper()
	conn, err := s.writes.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	defer leave(t.Context(), conn.Conn())
	return s.guess(t.Context(), conn.Conn(), batch)
}

// Whatever another process did since a store last looked, a guess that is wrong
// does nothing, and the batch is answered as if there had been none.
func TestWrongGuesses(t *testing.T) {
	url, err := ledgertest.Postgres(t).Create(t.Context(), "ledger")
	if err != nil {
		t.Fatal(err)
	}
	var stores [2]*Store
	for i := range stores {
		if stores[i], err = Open(t.Context(), url); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { stores[i].Close() })
	}
	s, other := stores[0], stores[1]
	catalog := ledger.Catalog{
		Vaccines:     []booking.Vaccine{{ID: "one", Doses: 1}},
		Institutions: []booking.Institution{{ID: 1, Name: "Clinic", Province: "Seoul"}},
	}
	for id := roomy; id <= withdrawn; id++ {
		catalog.Slots = append(catalog.Slots, booking.Slot{ID: id, Institution: 1, Vaccine: "one", Capacity: 100})
	}
	catalog.Slots[single-1].Capacity = 1
	if err := s.Seed(t.Context(), catalog); err != nil {
		t.Fatal(err)
	}
	book := func(person int, key string, slot booking.SlotID) booking.Request {
		return ask(booking.Book, person, key, slot, 0)
	}
	do(t, s, book(1, "k", roomy))
	if out, err := guesses(t, s, book(2, "k", roomy), book(3, "k", single)); err != nil || out[1].Code != booking.Done || out[1].Serial != 3 {
		t.Fatalf("a right guess: %+v, %v", out, err)
	}

	for _, test := range []struct {
		name  string
		since func() error // what the other process does
		batch []booking.Request
		want  []booking.Code
	}{
		{"somebody has a booking", nil,
			[]booking.Request{book(4, "k", roomy), book(2, "again", roomy)}, []booking.Code{booking.Done, booking.AlreadyBooked}},
		{"asked again", nil, []booking.Request{book(2, "k", roomy)}, []booking.Code{booking.Done}},
		{"full", nil, []booking.Request{book(5, "k", single)}, []booking.Code{booking.SlotTaken}},
		{"refused before, and there is room now",
			func() error {
				_, err := other.SetCapacities(t.Context(), map[booking.SlotID]int{single: 2})
				do(t, s, book(6, "k", roomy))
				return err
			},
			[]booking.Request{book(5, "k", single)}, []booking.Code{booking.SlotTaken}},
		{"no change of a booking", nil,
			[]booking.Request{ask(booking.Cancel, 6, "c", 0, 99), book(7, "k", roomy)}, []booking.Code{booking.NoBooking, booking.Done}},
		{"twice in the batch", nil,
			[]booking.Request{book(8, "k", roomy), book(8, "other", roomy)}, []booking.Code{booking.Done, booking.AlreadyBooked}},
		{"the other took the last place", func() error { do(t, other, book(9, "k", single)); return nil },
			[]booking.Request{book(10, "k", single)}, []booking.Code{booking.SlotTaken}},
		{"the other booked for the same person", func() error { do(t, other, book(11, "k", roomy)); return nil },
			[]booking.Request{book(11, "mine", roomy)}, []booking.Code{booking.AlreadyBooked}},
		{"the other took places away",
			func() error {
				_, err := other.SetCapacities(t.Context(), map[booking.SlotID]int{withdrawn: 0})
				return err
			},
			[]booking.Request{book(12, "k", withdrawn)}, []booking.Code{booking.SlotTaken}},
		{"withdrawn", func() error { return other.Withdraw(t.Context(), []booking.SlotID{withdrawn}, 1) },
			[]booking.Request{book(13, "k", roomy)}, []booking.Code{booking.Done}},
		{"restored", func() error { return other.Restored(t.Context(), 1) },
			[]booking.Request{book(14, "k", roomy)}, []booking.Code{booking.Done}},
	} {
		if test.since != nil {
			if err := test.since(); err != nil {
				t.Fatal(err)
			}
		}
		if out, err := guesses(t, s, test.batch...); !errors.Is(err, errMissed) {
			t.Errorf("%s: the guess became %+v, %v", test.name, out, err)
		}
		// As Commit has it where others write, and where they do not.
		s.strangers.Store(enoughStrangers)
		s.shared.Store(!s.shared.Load())
		if diff := cmp.Diff(test.want, do(t, s, test.batch...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}

	last, err := s.Latest(t.Context(), "14")
	if err != nil || last.Serial <= ledger.RestoreGap {
		t.Errorf("booking %d is numbered as before the restore, %v", last.Serial, err)
	}
	a, err := s.Audit(t.Context())
	if err != nil || a != (ledger.Audit{Live: 11}) {
		t.Errorf("audit %+v, %v", a, err)
	}
}
