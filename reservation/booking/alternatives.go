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
	compare := func(a, b Offer) int {
		return cmp.Or(
			cmp.Compare(away(at, a.Institution), away(at, b.Institution)),
			cmp.Compare(shift(want, a.Slot), shift(want, b.Slot)),
			cmp.Compare(a.Slot.Start, b.Slot.Start),
			cmp.Compare(a.Slot.ID, b.Slot.ID),
		)
	}
	near := make([]Offer, 0, n+1) // sorted: there may be thousands of offers, and few are asked for
	for _, o := range offers {
		if o.Slot.ID == want.ID || o.Slot.Vaccine != want.Vaccine || o.Free <= 0 {
			continue
		}
		if len(near) > 0 && len(near) == n && compare(near[n-1], o) < 0 {
			continue
		}
		i, _ := slices.BinarySearchFunc(near, o, compare)
		near = slices.Insert(near, i, o)
		near = near[:min(n, len(near))]
	}
	return near
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
