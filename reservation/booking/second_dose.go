package booking

import (
	"cmp"
	"iter"
	"slices"
)

// SecondDose yields the slots in which the second dose after first may be given,
// best first: same institution and vaccine, never before the interval is over,
// the earliest day, and on that day the hour nearest to the first dose's.
// Slots is what the institution offers, in any order; full slots are kept,
// because only the ledger knows what is full.
func SecondDose(first Slot, v Vaccine, slots []Slot) iter.Seq[Slot] {
	return func(yield func(Slot) bool) {
		if v.Doses < 2 {
			return
		}
		due := first.Start.AddDays(v.IntervalDays)
		fit := make([]candidate, 0, 128) // on the stack, unless they are more
		for i := range slots {
			s := &slots[i]
			if s.Institution != first.Institution || s.Vaccine != first.Vaccine || s.ID == first.ID {
				continue
			}
			if late := s.Start.dayNumber() - due.dayNumber(); late >= 0 && late <= int64(v.SlackDays) {
				fit = append(fit, candidate{s, late, hourApart(s.Start, due)})
			}
		}
		slices.SortFunc(fit, candidate.compare)
		for _, c := range fit {
			if !yield(*c.slot) {
				return
			}
		}
	}
}

// candidate is a slot with how many days after the interval and how far from the
// hour of the first dose it is. Every booking weighs all of an institution's.
type candidate struct {
	slot  *Slot
	late  int64
	apart Moment // in minutes
}

func (a candidate) compare(b candidate) int {
	switch {
	case a.late != b.late:
		return cmp.Compare(a.late, b.late)
	case a.apart != b.apart:
		return cmp.Compare(a.apart, b.apart)
	}
	return cmp.Or(cmp.Compare(a.slot.Start, b.slot.Start), cmp.Compare(a.slot.ID, b.slot.ID))
}

// hourApart is the distance of two times of day in minutes.
func hourApart(a, b Moment) Moment {
	d := (a - Moment(a.dayNumber())*day) - (b - Moment(b.dayNumber())*day)
	return max(d, -d)
}
