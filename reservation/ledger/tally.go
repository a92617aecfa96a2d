package ledger

import (
	"sync"

	"sunbeon/reservation/booking"
)

// Tally counts the places of every slot in memory. It is a cache of the ledger:
// the table of places says how many were taken up to some event, and the outbox,
// which is written with every booking anyway, says what changed since. So a
// booking rewrites no row of its slots, and however many processes write, each
// learns what the others did by reading on in the outbox under the write lock.
//
// From time to time the table is brought up to an event ([Tally.Unsettled]), so
// that a process that starts has little to read. The zero value is empty.
//
// Whoever reads the ledger and then counts holds the lock over both: what is
// counted then never goes back and leaves nothing out.
type Tally struct {
	sync.Mutex
	version int64 // of the catalog that the capacities are from
	at      int64 // the last event counted
	slots   map[booking.SlotID]counted
}

type counted struct {
	booking.Places
	changed int64 // the last event that changed it, as far as known
}

// SettleEvery is how many events the table of places may be behind: what a
// process that starts has to read, some tens of milliseconds.
const SettleEvery int64 = 1 << 15

// Row is a row of the table of places.
type Row struct {
	Slot booking.SlotID
	booking.Places
}

// Version is that of the catalog counted from; 0 before the first.
func (t *Tally) Version() int64 { return t.version }

// At is the last event counted.
func (t *Tally) At() int64 { return t.at }

// Load starts again from the table of places, which has counted the events up to
// settled.
func (t *Tally) Load(version, settled int64, rows []Row) {
	t.version, t.at, t.slots = version, settled, make(map[booking.SlotID]counted, len(rows))
	for _, r := range rows {
		t.slots[r.Slot] = counted{r.Places, settled}
	}
}

// Count counts events, which come in order; those counted before do nothing.
func (t *Tally) Count(events ...booking.Event) {
	for _, e := range events {
		if e.ID <= t.at {
			continue
		}
		t.at = e.ID
		for _, id := range e.Taken() {
			t.add(id, 1)
		}
		for _, id := range e.Left {
			t.add(id, -1)
		}
	}
}

func (t *Tally) add(id booking.SlotID, n int) {
	c := t.slots[id]
	c.Taken += n
	c.changed = t.at
	t.slots[id] = c
}

// Places are the counts of those slots that exist, as of the last event counted.
func (t *Tally) Places(ids []booking.SlotID) map[booking.SlotID]booking.Places {
	found := make(map[booking.SlotID]booking.Places, len(ids))
	for _, id := range ids {
		if c, ok := t.slots[id]; ok {
			found[id] = c.Places
		}
	}
	return found
}

// Since is what is free in the slots that changed after an event and the
// event that this is current to.
func (t *Tally) Since(event int64) (counts []Count, current int64) {
	for id, c := range t.slots {
		if c.changed > event {
			counts = append(counts, Count{id, c.Capacity - c.Taken})
		}
	}
	return counts, t.at
}

// Unsettled are the slots that changed after an event, as they are to stand in
// the table, and the event that the table has then counted.
func (t *Tally) Unsettled(settled int64) (rows []Row, at int64) {
	for id, c := range t.slots {
		if c.changed > settled {
			rows = append(rows, Row{id, c.Places})
		}
	}
	return rows, t.at
}
