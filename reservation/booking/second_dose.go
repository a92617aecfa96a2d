package booking

import (
	"cmp"
	"slices"
)

// SecondDose lists the slots in which the second dose after first may be given,
// best first: same institution and vaccine, never before the interval is over,
// the earliest day, and on that day the hour nearest to the first dose's.
// Slots is what the institution offers, in any order; full slots are kept,
// because only the ledger knows what is full.
func SecondDose(first Slot, v Vaccine, slots []Slot) []Slot {
	if v.Doses < 2 {
		return nil
	}
	due := first.Start.AddDays(v.IntervalDays)
	var fit []Slot
	for _, s := range slots {
		late := s.Start.dayNumber() - due.dayNumber()
		if s.Institution == first.Institution && s.Vaccine == first.Vaccine &&
			s.ID != first.ID && late >= 0 && late <= int64(v.SlackDays) {
			fit = append(fit, s)
		}
	}
	slices.SortFunc(fit, func(a, b Slot) int {
		return cmp.Or(
			cmp.Compare(a.Start.dayNumber(), b.Start.dayNumber()),
			cmp.Compare(hourApart(a.Start, due), hourApart(b.Start, due)),
			cmp.Compare(a.Start, b.Start),
			cmp.Compare(a.ID, b.ID),
		)
	})
	return fit
}

// hourApart is the distance of two times of day in minutes.
func hourApart(a, b Moment) Moment {
	d := (a - Moment(a.dayNumber())*day) - (b - Moment(b.dayNumber())*day)
	return max(d, -d)
}
