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
		due := Due(first, v)
		fit := make([]candidate, 0, 128) // on the stack, unless they are more
		for i := range slots {
			s := &slots[i]
			if late, ok := daysLate(&first, due, v, s); ok {
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

// Due is when the interval after a first dose is over.
func Due(first Slot, v Vaccine) Moment { return first.Start.AddDays(v.IntervalDays) }

// Completes reports whether a course of two doses that begins in first may end in s.
func Completes(first Slot, v Vaccine, s *Slot) bool {
	_, ok := daysLate(&first, Due(first, v), v, s)
	return ok
}

// daysLate is how many days after the interval a slot is, if it may take the second
// dose.
func daysLate(first *Slot, due Moment, v Vaccine, s *Slot) (late int64, ok bool) {
	if s.Institution != first.Institution || s.Vaccine != first.Vaccine || s.ID == first.ID {
		return 0, false
	}
	late = s.Start.dayNumber() - due.dayNumber()
	return late, late >= 0 && late <= int64(v.SlackDays)
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
