package sqlite_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/sqlite"
)

// A person looks their booking up, as everybody does at the end of their way.
func BenchmarkLatest(b *testing.B) {
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "ledger.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	const people, together = 20_000, 100
	slot := booking.Slot{ID: 1, Institution: 1, Vaccine: "v", Capacity: people}
	err = s.Seed(b.Context(), ledger.Catalog{
		Vaccines:     []booking.Vaccine{{ID: "v", Doses: 1}},
		Institutions: []booking.Institution{{ID: 1, Name: "i", Province: "p", District: "d"}},
		Slots:        []booking.Slot{slot},
	})
	if err != nil {
		b.Fatal(err)
	}
	person := func(n int) string { return fmt.Sprintf("%032x", n) }
	for n := 0; n < people; n += together {
		batch := make([]booking.Request, together)
		for i := range batch {
			batch[i] = booking.Request{Kind: booking.Book, Key: "k", Person: person(n + i), Cohort: "c", Pass: person(n + i), First: 1}
		}
		done, err := s.Commit(b.Context(), func() []booking.Request { return batch })
		if err != nil || done[0].Code != booking.Done {
			b.Fatal(err, done[0].Code)
		}
	}
	ctx, cancel := context.WithCancel(b.Context()) // as a request's
	defer cancel()
	for n := 0; b.Loop(); n++ {
		if _, err := s.Latest(ctx, person(n*7919%people)); err != nil {
			b.Fatal(err)
		}
	}
}
