package audit

import (
	"context"
	"iter"
	"maps"
	"slices"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// Ledger is what the audit reads of a ledger.
type Ledger interface {
	Catalog(ctx context.Context) (c ledger.Catalog, version int64, err error)
	Live(ctx context.Context) iter.Seq2[booking.Booking, error]
	Audit(ctx context.Context) (ledger.Audit, error)
}

// kept is what a ledger holds, as far as the audit needs it.
type kept struct {
	bookings map[string]live // by number
}

type live struct {
	cohort, pass string
	slots        []booking.SlotID
}

// readLedger collects the live bookings and adds to the findings where the
// ledger breaks a rule by itself.
func readLedger(ctx context.Context, l Ledger, f *Findings) (*kept, error) {
	k := &kept{bookings: map[string]live{}}
	doses := map[booking.SlotID]int{}
	holds := map[string]string{} // number by person
	for b, err := range l.Live(ctx) {
		if err != nil {
			return nil, err
		}
		number := string(b.Number())
		for _, slot := range b.Slots {
			doses[slot]++
		}
		if first, ok := holds[b.Person]; ok {
			f.add(&f.Duplicates, "one person holds the live bookings %s and %s", first, number)
		}
		holds[b.Person] = number
		k.bookings[number] = live{cohort: b.Cohort, pass: b.Pass, slots: b.Slots}
	}
	if err := countDoses(ctx, l, doses, f); err != nil {
		return nil, err
	}
	own, err := l.Audit(ctx)
	if err != nil {
		return nil, err
	}
	for _, broken := range []struct {
		n    int64
		what string
	}{
		{own.Miscounted, "slots with a wrong count of places"},
		{own.Passless, "bookings without a pass"},
		{own.Orphans, "messages without a booking"},
	} {
		if broken.n > 0 {
			f.add(&f.Unsound, "the ledger itself counts %d %s", broken.n, broken.what)
		}
	}
	return k, nil
}

// countDoses holds live doses against the slots' capacities. The slots are
// read after the bookings, so that none is unknown which was added meanwhile.
func countDoses(ctx context.Context, l Ledger, doses map[booking.SlotID]int, f *Findings) error {
	catalog, _, err := l.Catalog(ctx)
	if err != nil {
		return err
	}
	for _, slot := range catalog.Slots {
		if n := doses[slot.ID]; n > slot.Capacity {
			f.add(&f.Overbooked, "slot %s has %d live doses and %d places", slot.ID, n, slot.Capacity)
		}
		delete(doses, slot.ID)
	}
	for _, slot := range slices.Sorted(maps.Keys(doses)) {
		f.add(&f.Overbooked, "slot %s has %d live doses and does not exist", slot, doses[slot])
	}
	return nil
}
