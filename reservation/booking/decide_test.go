package booking_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/booking"
)

func state(capacity int, slots ...booking.SlotID) booking.State {
	s := booking.NewState(0)
	for _, id := range slots {
		s.Places[id] = booking.Places{Capacity: capacity}
	}
	return s
}

func book(person string, first booking.SlotID, second ...booking.SlotID) booking.Request {
	return booking.Request{
		Kind: booking.Book, Key: "book", Person: person, First: first, Second: second,
		Pass: "pass-" + person, Hold: "hold-" + person,
	}
}

func codes(outcomes []booking.Outcome) []booking.Code {
	var out []booking.Code
	for _, o := range outcomes {
		out = append(out, o.Code)
	}
	return out
}

func TestDecideWithinOneBatch(t *testing.T) {
	f := func(name string, s booking.State, batch []booking.Request, want ...booking.Code) booking.Changes {
		t.Helper()
		outcomes, changes := booking.Decide(s, batch)
		if diff := cmp.Diff(want, codes(outcomes)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(taken(changes), map[booking.SlotID]int(changes.Moves)); diff != "" {
			t.Errorf("%s: moves are not those of the events (-events +moves):\n%s", name, diff)
		}
		return changes
	}
	f("the last place goes to the earlier request", state(1, 1, 2, 3),
		[]booking.Request{book("a", 1, 2), book("b", 1, 2, 3)}, booking.Done, booking.SlotTaken)
	f("a full second slot falls to the next candidate", state(1, 1, 2, 3, 4),
		[]booking.Request{book("a", 1, 3), book("b", 2, 3, 4)}, booking.Done, booking.Done)
	f("no second slot free, nothing taken", state(1, 1, 2, 3),
		[]booking.Request{book("a", 1, 3), book("b", 2, 3), book("c", 2)}, booking.Done, booking.SlotTaken, booking.Done)
	f("unknown slot", state(1, 1), []booking.Request{book("a", 7)}, booking.NoSlot)

	twice := book("a", 2)
	twice.Key = "another device"
	f("one person, two devices", state(9, 1, 2), []booking.Request{book("a", 1), twice}, booking.Done, booking.AlreadyBooked)

	other := book("a", 2)
	changes := f("one key", state(9, 1, 2), []booking.Request{book("a", 1), book("a", 1), other},
		booking.Done, booking.Done, booking.KeyReused)
	if len(changes.New) != 1 || len(changes.Events) != 1 || taken(changes)[1] != 1 {
		t.Errorf("a replay had an effect: %+v", changes)
	}

	cancel := booking.Request{Kind: booking.Cancel, Key: "c", Person: "a", Serial: 1}
	again := book("a", 1)
	again.Key = "again"
	changes = f("book, cancel, book", state(1, 1), []booking.Request{book("a", 1), cancel, again},
		booking.Done, booking.Done, booking.Done)
	if len(changes.New) != 2 || changes.New[0].Live || !changes.New[1].Live || taken(changes)[1] != 1 {
		t.Errorf("wrong rows: %+v", changes)
	}
	if changes.Events[0].Pass == "" || changes.Events[2].Pass != "" {
		t.Errorf("the pass must be cited once: %+v", changes.Events)
	}

	move := booking.Request{Kind: booking.Change, Key: "m", Person: "a", Serial: 1, First: 2, Second: []booking.SlotID{1}}
	changes = f("a change may use the places it leaves", state(1, 1, 2), []booking.Request{book("a", 1, 2), move},
		booking.Done, booking.Done)
	if taken(changes)[1] != 1 || taken(changes)[2] != 1 {
		t.Errorf("places after a swap: %v", taken(changes))
	}
	full := state(1, 1, 2)
	full.Places[2] = booking.Places{Capacity: 1, Taken: 1}
	move.Second = nil
	changes = f("a refused change leaves the booking", full, []booking.Request{book("a", 1), move}, booking.Done, booking.SlotTaken)
	if taken(changes)[1] != 1 || changes.New[0].Slots[0] != 1 {
		t.Errorf("a refused change moved something: %+v", changes)
	}
	foreign := cancel
	foreign.Person = "b"
	f("nobody cancels another's booking", state(1, 1), []booking.Request{book("a", 1), foreign}, booking.Done, booking.NoBooking)
}

// Two requests under one key that overtake each other have each reserved stock.
func TestAReusedKeyGivesItsOwnStockBackAndNoOther(t *testing.T) {
	f := func(hold, freed string) {
		t.Helper()
		other := book("a", 2)
		other.Hold = hold
		outcomes, _ := booking.Decide(state(9, 1, 2), []booking.Request{book("a", 1), other})
		if out := outcomes[1]; out.Code != booking.KeyReused || out.Freed != freed {
			t.Errorf("%+v, want %s that frees %q", out, booking.KeyReused, freed)
		}
	}
	f("another", "another")
	f("hold-a", "") // the booking stands on it
}

func TestCancelledThenBookedAgainInOneBatchUpdatesTheOldRow(t *testing.T) {
	s := state(3, 1, 2)
	s.Last = 7
	s.Places[1] = booking.Places{Capacity: 3, Taken: 1}
	s.Latest["a"] = booking.Booking{Serial: 7, Person: "a", Live: true, Slots: []booking.SlotID{1}, Hold: "old"}
	outcomes, changes := booking.Decide(s, []booking.Request{
		{Kind: booking.Cancel, Key: "c", Person: "a", Serial: 7}, book("a", 2),
	})
	if outcomes[0].Freed != "old" {
		t.Errorf("the old stock reservation is not handed back: %+v", outcomes[0])
	}
	if len(changes.Updated) != 1 || changes.Updated[0].Serial != 7 || changes.Updated[0].Live {
		t.Errorf("row 7 must become cancelled: %+v", changes.Updated)
	}
	if len(changes.New) != 1 || changes.New[0].Serial != 9 || !slices.Equal(changes.Replaced, []int64{7}) {
		t.Errorf("new rows: %+v", changes)
	}
}

// Splitting a stream of requests into batches in any way must not change what
// becomes of them, and no state reached may break a rule.
func TestBatchBoundariesDoNotMatter(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		stream := randomStream(rng, 60)
		one, whole := newTable(), newTable()
		var apart []booking.Outcome
		for _, r := range stream {
			apart = append(apart, one.run([]booking.Request{r})...)
			one.check(t)
		}
		together := whole.run(stream)
		whole.check(t)
		if diff := cmp.Diff(apart, together); diff != "" {
			t.Fatalf("seed %d: one by one and in one batch differ (-apart +together):\n%s", seed, diff)
		}
		if diff := cmp.Diff(one, whole, cmp.AllowUnexported(table{})); diff != "" {
			t.Fatalf("seed %d: rows differ (-apart +together):\n%s", seed, diff)
		}
	}
}

func randomStream(rng *rand.Rand, n int) []booking.Request {
	stream := make([]booking.Request, n)
	for i := range stream {
		person := string(rune('a' + rng.IntN(6)))
		r := book(person, booking.SlotID(1+rng.IntN(5)), booking.SlotID(1+rng.IntN(5)), booking.SlotID(1+rng.IntN(5)))
		r.Key = fmt.Sprint(rng.IntN(40))
		r.Kind = booking.Kind(rng.IntN(3))
		if r.Kind != booking.Book {
			r.Serial = int64(1 + rng.IntN(24))
		}
		stream[i] = r
	}
	return stream
}

// table is the simplest ledger there is: it keeps the rows Changes describes.
type table struct {
	places   map[booking.SlotID]booking.Places
	bookings map[int64]booking.Made
	answers  map[booking.Attempt]booking.Recorded
	last     int64
}

func newTable() *table {
	return &table{
		places: state(2, 1, 2, 3, 4).Places, bookings: map[int64]booking.Made{}, answers: map[booking.Attempt]booking.Recorded{},
	}
}

func (tb *table) run(batch []booking.Request) []booking.Outcome {
	s := state(0)
	maps.Copy(s.Places, tb.places)
	maps.Copy(s.Answered, tb.answers)
	for _, m := range tb.bookings {
		s.Know(m)
	}
	s.Last = tb.last
	outcomes, changes := booking.Decide(s, batch)
	tb.last = changes.Last
	for _, b := range changes.Updated {
		m := tb.bookings[b.Serial]
		m.Booking = b
		tb.bookings[b.Serial] = m
	}
	for _, serial := range changes.Replaced {
		m := tb.bookings[serial]
		m.Replaced = true
		tb.bookings[serial] = m
	}
	for _, m := range changes.New {
		tb.bookings[m.Serial] = m
	}
	for id, n := range changes.Moves {
		p := tb.places[id]
		p.Taken += n
		tb.places[id] = p
	}
	for _, a := range changes.Answers {
		tb.answers[a.Attempt] = a
	}
	return outcomes
}

func (tb *table) check(t *testing.T) {
	t.Helper()
	held := map[booking.SlotID]int{}
	latest := map[string]int{}
	for _, m := range tb.bookings {
		if !m.Replaced {
			latest[m.Person]++
		}
		if m.Live && m.Replaced {
			t.Fatalf("a live booking was replaced: %+v", m)
		}
		if m.Live {
			for _, slot := range m.Slots {
				held[slot]++
			}
		}
	}
	for person, n := range latest {
		if n != 1 {
			t.Fatalf("%s has %d latest bookings", person, n)
		}
	}
	for id, p := range tb.places {
		if p.Taken != held[id] || p.Taken > p.Capacity || p.Taken < 0 {
			t.Fatalf("slot %d: %+v, held %d", id, p, held[id])
		}
	}
}

// taken counts the places that a batch's events take and give back.
func taken(changes booking.Changes) map[booking.SlotID]int {
	places := map[booking.SlotID]int{}
	for _, e := range changes.Events {
		if e.Kind != booking.Undone {
			for _, id := range e.Slots {
				places[id]++
			}
		}
		for _, id := range e.Left {
			places[id]--
		}
	}
	maps.DeleteFunc(places, func(_ booking.SlotID, n int) bool { return n == 0 })
	return places
}
