package ledger_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// table is what a store keeps for tallies.
type table struct {
	rows  map[booking.SlotID]ledger.Row
	moved []ledger.Moved
	floor int64

	version  int64
	supplied map[booking.SlotID]int64 // the version of the catalog that gave its places
}

// catchUp is what stores do under the write lock.
func (tb *table) catchUp(t *ledger.Tally) {
	switch {
	case t.Version() == 0 || tb.floor > t.At():
		t.Load(tb.version, tb.floor, slices.Collect(maps.Values(tb.rows)))
	case t.Version() != tb.version:
		var rows []ledger.Row
		for id, r := range tb.rows {
			if tb.supplied[id] > t.Version() {
				rows = append(rows, r)
			}
		}
		t.Supply(tb.version, rows)
	}
	t.Count(tb.moved...)
}

// supply gives slots as many places as they have now and some more.
func (tb *table) supply(t *ledger.Tally, id booking.SlotID, more int) {
	tb.catchUp(t)
	tb.version++
	r := t.Rows([]booking.SlotID{id})[0]
	r.Capacity += more
	tb.rows[id], tb.supplied[id] = r, tb.version
}

func (tb *table) commit(m ledger.Moved, s ledger.Sweep) {
	for _, r := range s.Rows {
		tb.rows[r.Slot] = r
	}
	if tb.floor = max(tb.floor, s.Floor); len(m.Moves) > 0 {
		tb.moved = append(tb.moved, m)
	}
	for len(tb.moved) > 0 && tb.moved[0].Batch <= tb.floor {
		tb.moved = tb.moved[1:]
	}
}

// Processes that write in turn, and some that only look or come late, count the
// same places, whatever is swept when, whatever is lost, and however far behind
// somebody is.
func TestTalliesAgree(t *testing.T) {
	const slots = 9
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		tb := table{rows: map[booking.SlotID]ledger.Row{}, version: 1, supplied: map[booking.SlotID]int64{}}
		want := map[booking.SlotID]booking.Places{}
		var all []booking.SlotID
		for id := range booking.SlotID(slots) {
			all = append(all, id)
			want[id] = booking.Places{Capacity: 100}
			tb.rows[id] = ledger.Row{Slot: id, Places: want[id]}
		}
		tallies := make([]ledger.Tally, 3)
		for batch := int64(1); batch <= 120; batch++ {
			tally := &tallies[rng.IntN(len(tallies))]
			if rng.IntN(10) == 0 {
				*tally = ledger.Tally{} // the process was started again
			}
			if id := booking.SlotID(rng.IntN(slots)); rng.IntN(8) == 0 {
				tb.supply(&tallies[rng.IntN(len(tallies))], id, 10)
				want[id] = booking.Places{Capacity: want[id].Capacity + 10, Taken: want[id].Taken}
			}
			tb.catchUp(tally)
			if diff := cmp.Diff(want, tally.Places(all)); diff != "" {
				t.Fatalf("seed %d, batch %d (-want +got):\n%s", seed, batch, diff)
			}
			sweep := tally.Sweep(rng.IntN(30))
			m := ledger.Moved{Batch: batch, Moves: booking.Moves{}}
			for range rng.IntN(4) {
				m.Moves[booking.SlotID(rng.IntN(slots))] = 1 + rng.IntN(2)
			}
			outcome := rng.IntN(10)
			if outcome == 0 {
				continue // undone
			}
			tb.commit(m, sweep)
			for id, n := range m.Moves {
				want[id] = booking.Places{Capacity: want[id].Capacity, Taken: want[id].Taken + n}
			}
			if outcome > 1 { // else nobody knows that it was committed
				tally.Count(m)
				tally.Swept(sweep)
			}
		}
		if len(tb.moved) == 120 {
			t.Fatalf("seed %d: nothing was ever swept", seed)
		}
	}
}
