package audit

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/rush/journal"
	"sunbeon/reservation/waitingroom"
)

// Evidence is what there is to compare.
type Evidence struct {
	// Journals are files of this crowd and of those before it: what was
	// acknowledged once stays acknowledged.
	Journals []string
	Ledger   Ledger
	Record   string // directory of the line's record
	// Key is what the gate signs its record with.
	Key    ed25519.PublicKey
	Cohort string
}

// Run audits. An error means that it could not, and then nothing is proved.
//
// The order matters while the system goes on: what the journal tells must be
// in the ledger and the record by now, and a booking in the ledger has its pass
// in the record, so each is read after those that rely on it.
func Run(ctx context.Context, e Evidence) (*Findings, error) {
	f := new(Findings)
	told, err := readJournals(e.Journals, e.Cohort, f)
	if err != nil {
		return nil, err
	}
	kept, err := readLedger(ctx, e.Ledger, f)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	line, err := readLine(e.Record, e.Key, e.Cohort, f)
	if err != nil {
		return nil, err
	}
	compareBookings(told, kept, f)
	comparePasses(kept, line, f)
	comparePlaces(told, line, f)
	return f, nil
}

// comparePlaces holds places, turns and passes against the line's record. The
// numbers are walked in order, so that the same evidence gives the same words.
func comparePlaces(told *acknowledged, l *line, f *Findings) {
	for _, person := range slices.Sorted(maps.Keys(told.seqs)) {
		seq := told.seqs[person]
		if seq < 1 || seq > int64(len(l.places)) {
			f.add(&f.Lost, "place %d of person %s is not in the line's record", seq, person)
			continue
		}
		if turn, ok := told.turns[person]; ok && turn != l.turn(seq) {
			f.add(&f.Duplicates, "person %s was told turn %d; by the line's record place %d has turn %d", person, turn, seq, l.turn(seq))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(told.passes)) {
		h := told.passes[id]
		raw, ok := passID(id)
		p := l.passes[raw]
		if !ok || p.seq == 0 {
			f.add(&f.Lost, "the pass of person %s, turn %d, is not in the line's record", h.person, h.turn)
			continue
		}
		if seq, known := told.seqs[h.person]; known && p.seq != seq {
			f.add(&f.Duplicates, "person %s with place %d was given the pass of place %d", h.person, seq, p.seq)
		}
	}
}

// compareBookings holds the acknowledged bookings against the ledger.
func compareBookings(told *acknowledged, kept *kept, f *Findings) {
	byTime := slices.SortedFunc(maps.Values(told.bookings), func(a, b journal.Entry) int {
		return cmp.Or(cmp.Compare(a.TimeMS, b.TimeMS), cmp.Compare(a.Number, b.Number))
	})
	for _, e := range byTime {
		live, ok := kept.bookings[e.Number]
		switch {
		case told.cancelled[e.Number] && ok:
			f.add(&f.Lost, "booking %s of person %s was cancelled and is live", e.Number, e.Person)
		case told.cancelling[e.Number]:
		case !ok:
			f.add(&f.Missing, "booking %s of person %s was acknowledged and is not in the ledger", e.Number, e.Person)
		case !slices.Equal(slotsOf(e.Doses), live.slots):
			f.add(&f.Missing, "booking %s of person %s was acknowledged for the slots %v and holds %v", e.Number, e.Person, slotsOf(e.Doses), live.slots)
		}
	}
}

// comparePasses counts the people with a booking and holds each booking's pass
// against the line's record: issued, and used once.
func comparePasses(kept *kept, l *line, f *Findings) {
	used := map[string]string{} // number by pass
	for _, number := range slices.Sorted(maps.Keys(kept.bookings)) {
		b := kept.bookings[number]
		if b.cohort != l.cohort {
			continue
		}
		f.Bookings++
		if id, ok := passID(b.pass); !ok || l.passes[id].seq == 0 {
			f.add(&f.EarlyPasses, "booking %s was made under a pass the line never issued", number)
		}
		if other, ok := used[b.pass]; ok {
			f.add(&f.Duplicates, "bookings %s and %s were made under one pass", other, number)
		}
		used[b.pass] = number
	}
}

// slotsOf are the slots of the doses told, zero for what is no slot.
func slotsOf(told []journal.Dose) []booking.SlotID {
	slots := make([]booking.SlotID, len(told))
	for i, dose := range told {
		slots[i], _ = booking.ParseSlotID(dose.Slot)
	}
	return slots
}

// passID reads a pass's identifier as the servers write it.
func passID(text string) (id waitingroom.PassID, ok bool) {
	if len(text) != hex.EncodedLen(len(id)) {
		return id, false
	}
	_, err := hex.Decode(id[:], []byte(text))
	return id, err == nil
}
