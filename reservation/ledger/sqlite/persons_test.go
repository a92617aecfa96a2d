package sqlite

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// register is the ledger as persons sees it.
type register struct {
	made   []entry
	table  map[entry]bool
	filing filing
	last   int64
}

// catchUp is what a process does that begins a batch.
func (r *register) catchUp(p *persons) {
	after, _ := slices.BinarySearchFunc(r.made, max(p.Known(), r.filing.filed)+1, func(e entry, serial int64) int { return int(e.serial - serial) })
	p.Learn(r.made[after:], r.last)
	p.Follow(r.filing)
}

// find is what a process finds that looks for a person.
func (r *register) find(p *persons, person string) map[int64]bool {
	found := map[int64]bool{}
	tags, recent := p.Find([]string{person})
	for _, serial := range recent {
		found[serial] = true
	}
	for e := range r.table {
		if e.tag == tags[0] {
			found[e.serial] = true
		}
	}
	return found
}

// Three processes book and file in turn, some of them die, some batches are lost.
// Whatever has been filed, each finds every booking of a person.
func TestPersonsAreFound(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	const generation, people = 40, 300
	r := register{table: map[entry]bool{}}
	processes := []*persons{newPersons(generation), newPersons(generation), newPersons(generation)}
	want := map[string]map[int64]bool{}
	generations := map[int64]bool{}
	for range 4000 {
		i := rng.IntN(len(processes))
		if rng.IntN(50) == 0 {
			processes[i] = newPersons(generation)
		}
		p := processes[i]
		r.catchUp(p)
		if len(p.latest)+len(p.former) > 3*generation {
			t.Fatalf("%d bookings in memory", len(p.latest)+len(p.former))
		}
		n := 1 + rng.IntN(5)
		filed := p.File(n)
		if rng.IntN(10) == 0 {
			continue // the batch is lost
		}
		var batch []entry
		for range n {
			r.last += 1 + int64(rng.IntN(2)) // an event may have the number between
			person := fmt.Sprint(rng.IntN(people))
			batch = append(batch, entryOf(person, r.last))
			if want[person] == nil {
				want[person] = map[int64]bool{}
			}
			want[person][r.last] = true
		}
		r.made = append(r.made, batch...)
		for _, e := range filed.rows {
			r.table[e] = true
		}
		r.filing = filed.then
		generations[filed.then.filed] = true
		p.Learn(batch, r.last)
		p.Follow(filed.then)

		person := fmt.Sprint(rng.IntN(people))
		if diff := cmp.Diff(want[person], r.find(p, person)); want[person] != nil && diff != "" {
			t.Fatalf("bookings of %s (-want +got):\n%s", person, diff)
		}
	}
	for person := range want {
		for _, p := range processes {
			r.catchUp(p)
			if diff := cmp.Diff(want[person], r.find(p, person)); diff != "" {
				t.Fatalf("bookings of %s (-want +got):\n%s", person, diff)
			}
		}
	}
	if len(generations) < 100 {
		t.Errorf("only %d generations were filed", len(generations))
	}
}

func ask(kind booking.Kind, person int, key string, serial int64) booking.Request {
	return booking.Request{Kind: kind, Key: key, Person: fmt.Sprintf("%032x", person), First: 1, Pass: "pass", Serial: serial}
}

func do(t *testing.T, s *Store, batch ...booking.Request) []booking.Outcome {
	t.Helper()
	out, err := s.Commit(t.Context(), func() []booking.Request { return batch })
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Two processes file many generations of each other's bookings; nobody books twice,
// and a third that only reads finds everyone. A ledger whose table of persons is lost
// files everything again when it is opened.
func TestNobodyBooksTwiceHoweverFarFilingHasGot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	const people, generation = 1200, 50
	opened := func() *Store {
		s, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		s.persons.generation = generation
		return s
	}
	stores := []*Store{opened(), opened()}
	err := stores[0].Seed(t.Context(), ledger.Catalog{
		Vaccines:     []booking.Vaccine{{ID: "one", Doses: 1}},
		Institutions: []booking.Institution{{ID: 1, Name: "Clinic", Province: "Seoul"}},
		Slots:        []booking.Slot{{ID: 1, Institution: 1, Vaccine: "one", Capacity: 1 << 20}},
	})
	if err != nil {
		t.Fatal(err)
	}
	reader, err := OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()

	serials := make([]int64, people)
	for i := 0; i < people; i += 4 {
		var batch []booking.Request
		for n := i; n < i+4; n++ {
			batch = append(batch, ask(booking.Book, n, "a", 0))
		}
		for n, out := range do(t, stores[i/4%2], batch...) {
			serials[i+n] = out.Serial
		}
		earlier := i * 7 % (i + 4)
		if out := do(t, stores[i/4%2], ask(booking.Book, earlier, "again", 0))[0]; out.Code != booking.AlreadyBooked {
			t.Fatalf("person %d booked again after %d: %s", earlier, i, out.Code)
		}
		if i%3 == 0 { // gives the place back and takes another
			out := do(t, stores[i/4%2], ask(booking.Cancel, earlier, fmt.Sprint("c", i), serials[earlier]),
				ask(booking.Book, earlier, fmt.Sprint("b", i), 0))
			serials[earlier] = out[1].Serial
		}
	}
	var filed, left int64
	count := func(s *Store) {
		t.Helper()
		const counts = `SELECT (SELECT count(*) FROM persons), (SELECT count(*) FROM bookings WHERE serial > filed) FROM progress`
		if err := s.reads.QueryRow(counts).Scan(&filed, &left); err != nil {
			t.Fatal(err)
		}
	}
	if count(stores[0]); filed < people-4*generation || left > 3*generation {
		t.Errorf("%d filed, %d left", filed, left)
	}
	found := func(s *Store) {
		t.Helper()
		for i, serial := range serials {
			b, err := s.Latest(context.Background(), fmt.Sprintf("%032x", i))
			if err != nil || b.Serial != serial || !b.Live {
				t.Fatalf("booking of person %d is %d, %v, want %d", i, b.Serial, err, serial)
			}
		}
		a, err := s.Audit(t.Context())
		if err != nil || a != (ledger.Audit{Live: people}) {
			t.Errorf("audit %+v, %v", a, err)
		}
	}
	for _, s := range append(stores, reader) {
		found(s)
	}

	// The table itself refuses who was filed, were the rules to let them pass.
	forgotten := slices.IndexFunc(serials, func(serial int64) bool { return serial <= stores[0].persons.filing.filed })
	stores[0].tally.Lock()
	_, err = stores[0].attempt(t.Context(), []booking.Request{ask(booking.Book, forgotten, "guessed", 0)}, true)
	stores[0].tally.Unlock()
	if !errors.Is(err, errMissed) {
		t.Errorf("a guess that a person is a stranger who was filed long ago: %v", err)
	}
	found(stores[0])

	if _, err := stores[0].writes.Exec(`DELETE FROM persons; UPDATE progress SET filed = 0, filing = 0`); err != nil {
		t.Fatal(err)
	}
	late := opened()
	if err := late.fileBacklog(t.Context()); err != nil {
		t.Fatal(err)
	}
	if count(late); left >= 3*generation {
		t.Errorf("%d bookings left to take into memory", left)
	}
	again := newPersons(generation)
	late.persons = again
	found(late)
}
