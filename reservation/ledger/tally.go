package ledger

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"

	"sunbeon/reservation/booking"
)

// Tally counts the places of every slot in memory. It is a cache of the ledger:
// every batch leaves one row that says how many places of which slots it moved,
// and a row of the table of places says how many were taken up to some batch.
// So a booking rewrites no row of its slots, and however many processes write,
// each learns what the others did by reading a row a batch under the write lock.
//
// Each batch also brings a few rows of the table up to date, one slot after the
// other ([Tally.Sweep]); what every row has counted need not be kept. So no batch
// waits long, and a process that starts has little to read.
//
// Whoever reads the ledger and then counts holds the lock over both: what is
// counted then never goes back and leaves nothing out. The zero value is empty.
type Tally struct {
	sync.Mutex
	version int64 // of the catalog that the capacities are from
	at      int64 // the last batch counted
	slots   map[booking.SlotID]*counted

	// log lists the slots whose free places changed, oldest first. The first of
	// them has the number base; what came before it is forgotten.
	log  []booking.SlotID
	base int64

	order []booking.SlotID // of the sweep
	next  int              // where it goes on
	began int64            // the last batch counted when it began
}

type counted struct {
	booking.Places
	changed int64 // the last batch that moved it, as far as known
	written int64 // the last batch its row has counted, as far as known
}

// Row is a row of the table of places.
type Row struct {
	Slot booking.SlotID
	booking.Places
	Settled int64 // the last batch it has counted
}

// Moved is what a batch left. Its number is the highest it gave out.
type Moved struct {
	Batch int64
	Moves booking.Moves
}

// Version is that of the catalog counted from; 0 before the first.
func (t *Tally) Version() int64 { return t.version }

// At is the last batch counted.
func (t *Tally) At() int64 { return t.at }

// Load starts again from the table of places, every row of which has counted the
// batches up to floor.
func (t *Tally) Load(version, floor int64, rows []Row) {
	t.version, t.at, t.next = version, floor, 0
	t.slots = make(map[booking.SlotID]*counted, len(rows))
	for _, r := range rows {
		t.slots[r.Slot] = &counted{r.Places, r.Settled, r.Settled}
	}
	t.order = slices.Sorted(maps.Keys(t.slots))
	t.base, t.log = t.point()+1, nil
}

// Supply takes over the places that slots have in a version of the catalog that
// only changed some, from their rows as they are now.
func (t *Tally) Supply(version int64, rows []Row) {
	t.version = version
	for _, r := range rows {
		c, ok := t.slots[r.Slot]
		if !ok {
			continue
		}
		c.Capacity = r.Capacity
		if r.Settled > t.at { // it has counted batches that are still to be counted here
			c.Taken, c.changed, c.written = r.Taken, r.Settled, r.Settled
		}
		t.note(r.Slot)
	}
}

// logged is how many changes are kept at least: those of some seconds.
const logged = 1 << 17

func (t *Tally) note(id booking.SlotID) {
	if len(t.log) == 2*logged {
		t.base += logged
		t.log = append(t.log[:0], t.log[logged:]...)
	}
	t.log = append(t.log, id)
}

func (t *Tally) point() int64 { return t.base + int64(len(t.log)) }

// Count counts batches, which come in order; those counted before do nothing.
func (t *Tally) Count(list ...Moved) {
	for _, m := range list {
		if m.Batch <= t.at {
			continue
		}
		t.at = m.Batch
		for id, n := range m.Moves {
			if c, ok := t.slots[id]; ok && m.Batch > c.written {
				c.Taken += n
				c.changed = m.Batch
				t.note(id)
			}
		}
	}
}

// Places are the counts of those slots that exist, as of the last batch counted.
func (t *Tally) Places(ids []booking.SlotID) map[booking.SlotID]booking.Places {
	found := make(map[booking.SlotID]booking.Places, len(ids))
	for _, id := range ids {
		if c, ok := t.slots[id]; ok {
			found[id] = c.Places
		}
	}
	return found
}

// Since is what is free in the slots that changed after a point, in all slots if
// that is long ago or 0, and the point that this is current to. Points are those
// of this tally alone.
func (t *Tally) Since(point int64) (counts []Count, current int64) {
	ids := t.order
	if point >= t.base {
		ids = slices.Clone(t.log[min(point-t.base, int64(len(t.log))):])
		slices.Sort(ids)
		ids = slices.Compact(ids)
	}
	for _, id := range ids {
		c := t.slots[id]
		counts = append(counts, Count{id, max(0, c.Capacity-c.Taken)})
	}
	return counts, t.point()
}

// Rows are those of the slots that exist, as they are to stand in the table.
func (t *Tally) Rows(ids []booking.SlotID) (rows []Row) {
	for _, id := range ids {
		if c, ok := t.slots[id]; ok {
			rows = append(rows, Row{id, c.Places, t.at})
		}
	}
	return rows
}

// Sweep is what a batch brings up to date in the table of places.
type Sweep struct {
	Rows []Row
	// Floor is the batch that every row has counted once these are written; 0
	// while the sweep is under way.
	Floor   int64
	version int64
	next    int
}

// sweepShare is how many requests pay for looking at one slot.
const sweepShare = 8

// Sweep goes on with the sweep in a batch of so many requests. Nothing is taken
// for written before [Tally.Swept].
func (t *Tally) Sweep(requests int) Sweep {
	if t.next == 0 {
		t.began = t.at
	}
	s := Sweep{version: t.version, next: min(t.next+1+requests/sweepShare, len(t.order))}
	for _, id := range t.order[t.next:s.next] {
		if c := t.slots[id]; c.changed > c.written {
			s.Rows = append(s.Rows, Row{id, c.Places, t.at})
		}
	}
	if s.next == len(t.order) {
		s.Floor, s.next = t.began, 0
	}
	return s
}

// Swept says that the rows have been committed.
func (t *Tally) Swept(s Sweep) {
	if s.version != t.version {
		return // loaded anew meanwhile
	}
	for _, r := range s.Rows {
		t.slots[r.Slot].written = r.Settled
	}
	t.next = s.next
}

// EncodeMoves is the form in which both stores keep them.
func EncodeMoves(m booking.Moves) (string, error) {
	text, err := json.Marshal(m)
	return string(text), err
}

// ScanMoved reads the number of a batch and its moves.
func ScanMoved(from Scanner) (m Moved, err error) {
	var text string
	if err := from.Scan(&m.Batch, &text); err != nil {
		return m, err
	}
	if err := json.Unmarshal([]byte(text), &m.Moves); err != nil {
		return m, fmt.Errorf("moves of batch %d: %w", m.Batch, err)
	}
	return m, nil
}
