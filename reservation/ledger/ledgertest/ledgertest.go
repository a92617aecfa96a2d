// Package ledgertest is the conformance suite of ledger stores. Every store
// must pass it: what it does not test, callers must not rely on.
package ledgertest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// Harness makes ledgers of one kind.
type Harness struct {
	// Create returns the address of a new, empty ledger.
	Create func(t *testing.T) string
	// Open opens the ledger at an address; it may be open elsewhere.
	Open func(ctx context.Context, address string) (ledger.Store, error)
	// Driver, of database/sql, and Source open the database itself.
	Driver string
	Source func(address string) string
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Harness)
	}{
		{"seed", seed},
		{"book both doses", bookBothDoses},
		{"the last place", lastPlace},
		{"one person, many callers", onePerson},
		{"replays", replays},
		{"rejections are replayed", rejectionsAreReplayed},
		{"cancel returns the doses", cancelReturns},
		{"change is atomic", changeIsAtomic},
		{"followers of the outbox", followers},
		{"restored", restored},
		{"constraints", constraints},
		{"supply", supply},
		{"withdrawal", withdrawal},
		{"accesses", accesses},
		{"rosters", rosters},
		{"refusals", refusals},
		{"rush", rush},
		{"storm", storm},
		{"linearizable", linearizable},
		{"crash", crash},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, h) })
	}
}

// Slots of the test catalog: three for the first dose, three at the interval.
const (
	first  booking.SlotID = 1
	second booking.SlotID = 11
	places                = 10
)

func catalog() ledger.Catalog {
	c := ledger.Catalog{
		Vaccines:     []booking.Vaccine{{ID: "mRNA", Doses: 2, IntervalDays: 42, SlackDays: 3}},
		Institutions: []booking.Institution{{ID: 1, Name: "Mapo Clinic", Province: "Seoul", District: "Mapo-gu"}},
	}
	day, err := booking.ParseMoment("2021-08-26", "09:00")
	if err != nil {
		panic(err)
	}
	for i := range booking.SlotID(3) {
		at := day + booking.Moment(30*i)
		c.Slots = append(c.Slots,
			booking.Slot{ID: first + i, Institution: 1, Start: at, Vaccine: "mRNA", Capacity: places},
			booking.Slot{ID: second + i, Institution: 1, Start: at.AddDays(42), Vaccine: "mRNA", Capacity: places})
	}
	return c
}

// ledgerAt is an open store with a running writer.
type ledgerAt struct {
	ledger.Store
	*ledger.Writer
}

// start creates a seeded ledger and opens it n times, as n processes would.
func start(t *testing.T, h Harness, n int) []ledgerAt {
	t.Helper()
	address := h.Create(t)
	open := make([]ledgerAt, n)
	for i := range open {
		open[i] = openAt(t, h, address)
	}
	if err := open[0].Seed(t.Context(), catalog()); err != nil {
		t.Fatal(err)
	}
	return open
}

func openAt(t *testing.T, h Harness, address string) ledgerAt {
	t.Helper()
	store, err := h.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	w := ledger.NewWriter(store, ledger.WriterConfig{})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return ledgerAt{store, w}
}

func (l ledgerAt) do(t *testing.T, r booking.Request) booking.Outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := l.Submit(ctx, r)
	if err != nil {
		t.Errorf("submit %+v: %v", r, err)
	}
	return out
}

func book(person string, key string) booking.Request {
	return booking.Request{
		Kind: booking.Book, Key: key, Person: person, First: first,
		Second: []booking.SlotID{second, second + 1, second + 2},
		Cohort: "tenth-9", Pass: "pass-" + person, Hold: "hold-" + person + key,
		Sealed: []byte{0, 0xff, '"', '\'', 0x80}, TimeMS: 1_630_000_000_000,
	}
}

func person(i int) string { return fmt.Sprintf("%032x", i) }

// sound fails the test if an invariant is broken or the number of live bookings
// is not the one expected.
func sound(t *testing.T, s ledger.Store, live int64) {
	t.Helper()
	a, err := s.Audit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for invariant, n := range a.Violations() {
		if n != 0 {
			t.Errorf("%s: %d", invariant, n)
		}
	}
	if a.Live != live {
		t.Errorf("%d live bookings, want %d", a.Live, live)
	}
}

func want(t *testing.T, what string, got booking.Outcome, code booking.Code) {
	t.Helper()
	if got.Code != code {
		t.Errorf("%s: %s, want %s", what, got.Code, code)
	}
}
