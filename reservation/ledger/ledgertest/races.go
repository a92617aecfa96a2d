package ledgertest

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"sunbeon/reservation/booking"
)

// together runs n callers at once and returns their outcomes by code.
func together(n int, call func(i int) booking.Outcome) map[booking.Code]int {
	var mu sync.Mutex
	var wg sync.WaitGroup
	count := map[booking.Code]int{}
	for i := range n {
		wg.Go(func() {
			out := call(i)
			mu.Lock()
			defer mu.Unlock()
			count[out.Code]++
		})
	}
	wg.Wait()
	return count
}

func lastPlace(t *testing.T, h Harness) {
	open := start(t, h, 3)
	const callers = 300
	got := together(callers, func(i int) booking.Outcome { return open[i%len(open)].do(t, book(person(i), "k")) })
	if got[booking.Done] != places || got[booking.SlotTaken] != callers-places {
		t.Errorf("%d callers for %d places: %v", callers, places, got)
	}
	sound(t, open[0], places)
}

func onePerson(t *testing.T, h Harness) {
	open := start(t, h, 3)
	const callers = 90
	got := together(callers, func(i int) booking.Outcome {
		r := book(person(1), fmt.Sprint("device ", i))
		r.First = first + booking.SlotID(i%3)
		return open[i%len(open)].do(t, r)
	})
	if got[booking.Done] != 1 || got[booking.AlreadyBooked] != callers-1 {
		t.Errorf("one person on %d devices: %v", callers, got)
	}
	sound(t, open[0], 1)
}

// People in two full slots want to swap with each other. Whoever moves must
// never lose the place they have.
func changeIsAtomic(t *testing.T, h Harness) {
	open := start(t, h, 2)
	serial := make([]int64, 2*places)
	for i := range serial {
		r := book(person(i), "k")
		r.First = first + booking.SlotID(i%2)
		out := open[0].do(t, r)
		want(t, "booking", out, booking.Done)
		serial[i] = out.Serial
	}
	move := func(i int, to booking.SlotID, key string) booking.Request {
		r := book(person(i), key)
		r.Kind, r.Serial, r.First = booking.Change, serial[i], to
		return r
	}
	full := open[0].do(t, move(0, first+1, "to a full slot"))
	want(t, "change to a full slot", full, booking.SlotTaken)
	if full.Freed != move(0, 0, "to a full slot").Hold {
		t.Errorf("a refused change frees %q", full.Freed)
	}
	got := together(2*places, func(i int) booking.Outcome {
		return open[i%2].do(t, move(i, first+2, "to the free slot"))
	})
	if got[booking.Done] != places || got[booking.SlotTaken] != places {
		t.Errorf("%d people for %d places: %v", 2*places, places, got)
	}
	sound(t, open[0], 2*places)
}

// storm throws every kind of request at few slots and persons from several
// writers at once, with callers who repeat themselves.
func storm(t *testing.T, h Harness) {
	open := start(t, h, 3)
	together(24, func(i int) booking.Outcome {
		rng := rand.New(rand.NewPCG(uint64(i), 7))
		for range 40 {
			r := book(person(rng.IntN(60)), fmt.Sprint(rng.IntN(500)))
			r.First = first + booking.SlotID(rng.IntN(3))
			if r.Kind = booking.Kind(rng.IntN(3)); r.Kind != booking.Book {
				r.Serial = int64(1 + rng.IntN(80))
				if b, err := open[0].Latest(t.Context(), r.Person); err == nil {
					r.Serial = b.Serial
				}
			}
			open[rng.IntN(len(open))].do(t, r)
		}
		return booking.Outcome{}
	})
	var live int64
	for _, err := range open[1].Live(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		live++
	}
	if live == 0 {
		t.Error("the storm left nothing to check")
	}
	sound(t, open[0], live)
	counts, _, err := open[2].Counts(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	taken := 0
	for _, c := range counts {
		taken += places - c.Free
	}
	if taken != int(2*live) {
		t.Errorf("%d places taken by %d bookings of two doses", taken, live)
	}
}
