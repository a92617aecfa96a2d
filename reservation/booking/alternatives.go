package booking

import (
	"cmp"
	"slices"
)

// Alternatives picks the n free slots nearest to the one a person wanted, for
// the answer "that one has just gone". Near means, in this order: the same
// institution, the same district, the same province; within each, the least
// shift in time. Offers must be free and of the wanted vaccine's course; the
// wanted slot itself is never offered.
func Alternatives(want Slot, at Institution, offers []Offer, n int) []Offer {
	near := slices.Clone(offers)
	near = slices.DeleteFunc(near, func(o Offer) bool {
		return o.Slot.ID == want.ID || o.Slot.Vaccine != want.Vaccine || o.Free <= 0
	})
	slices.SortFunc(near, func(a, b Offer) int {
		return cmp.Or(
			cmp.Compare(away(at, a.Institution), away(at, b.Institution)),
			cmp.Compare(shift(want, a.Slot), shift(want, b.Slot)),
			cmp.Compare(a.Slot.Start, b.Slot.Start),
			cmp.Compare(a.Slot.ID, b.Slot.ID),
		)
	})
	return near[:min(n, len(near))]
}

// Offer is a slot with the places it had free when last counted.
type Offer struct {
	Slot        Slot
	Institution Institution
	Free        int
}

func away(a, b Institution) int {
	switch {
	case a.ID == b.ID:
		return 0
	case a.Province == b.Province && a.District == b.District:
		return 1
	case a.Province == b.Province:
		return 2
	}
	return 3
}

func shift(a, b Slot) Moment { return max(a.Start-b.Start, b.Start-a.Start) }
