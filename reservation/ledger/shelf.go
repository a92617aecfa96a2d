package ledger

import (
	"cmp"
	"slices"
	"sync/atomic"

	"sunbeon/reservation/booking"
)

// shelf is one version of the catalog in the order people look through it, with
// counts that are overwritten in place.
type shelf struct {
	version  int64
	point    int64 // of the counts; only Refresh uses it
	vaccines map[string]booking.Vaccine

	institutions  []booking.Institution // by province, district, name
	byInstitution map[booking.InstitutionID]int
	vacant        []atomic.Int64 // by institution: places free in slots a course can begin in

	slots  []booking.Slot // by institution in the order above, then by start
	bySlot map[booking.SlotID]int
	first  []int          // by institution: its first slot; one element more than institutions
	begins []bool         // by slot: a course can begin here
	free   []atomic.Int64 // by slot

	// refreshed counts refreshes, and closed holds by slot the one until which it
	// passes for full, whatever free says: the second to end after the ledger
	// found it taken, as the first may have been under way then.
	refreshed atomic.Int64
	closed    []atomic.Int64
}

func newShelf(c Catalog, version int64) *shelf {
	s := &shelf{
		version:       version,
		vaccines:      make(map[string]booking.Vaccine, len(c.Vaccines)),
		institutions:  slices.Clone(c.Institutions),
		byInstitution: make(map[booking.InstitutionID]int, len(c.Institutions)),
		vacant:        make([]atomic.Int64, len(c.Institutions)),
		slots:         slices.Clone(c.Slots),
		bySlot:        make(map[booking.SlotID]int, len(c.Slots)),
		first:         make([]int, len(c.Institutions)+1),
		begins:        make([]bool, len(c.Slots)),
		free:          make([]atomic.Int64, len(c.Slots)),
		closed:        make([]atomic.Int64, len(c.Slots)),
	}
	for _, v := range c.Vaccines {
		s.vaccines[v.ID] = v
	}
	slices.SortFunc(s.institutions, func(a, b booking.Institution) int {
		return cmp.Or(cmp.Compare(a.Province, b.Province), cmp.Compare(a.District, b.District),
			cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	for i, in := range s.institutions {
		s.byInstitution[in.ID] = i
	}
	slices.SortFunc(s.slots, func(a, b booking.Slot) int {
		return cmp.Or(cmp.Compare(s.byInstitution[a.Institution], s.byInstitution[b.Institution]),
			cmp.Compare(a.Start, b.Start), cmp.Compare(a.ID, b.ID))
	})
	for i, slot := range s.slots {
		s.bySlot[slot.ID] = i
		s.first[s.byInstitution[slot.Institution]+1]++
	}
	for i := range s.institutions {
		s.first[i+1] += s.first[i]
	}
	for i, slot := range s.slots {
		v := s.vaccines[slot.Vaccine]
		s.begins[i] = v.Doses == 1 || len(booking.SecondDose(slot, v, s.slotsOf(slot.Institution))) > 0
		s.set(i, slot.Capacity)
	}
	return s
}

func (s *shelf) apply(counts []Count) {
	for _, c := range counts {
		if i, ok := s.bySlot[c.Slot]; ok {
			s.set(i, c.Free)
		}
	}
}

func (s *shelf) set(i, free int) {
	old := s.free[i].Swap(int64(free))
	if s.begins[i] {
		s.vacant[s.byInstitution[s.slots[i].Institution]].Add(int64(free) - old)
	}
}

func (s *shelf) close(i int) { s.closed[i].Store(s.refreshed.Load() + 2) }

// left is how many places of a slot can be offered.
func (s *shelf) left(i int) int {
	if s.closed[i].Load() > s.refreshed.Load() {
		return 0
	}
	return int(s.free[i].Load())
}

func (s *shelf) slotsOf(id booking.InstitutionID) []booking.Slot {
	in, ok := s.byInstitution[id]
	if !ok {
		return nil
	}
	return s.slots[s.first[in]:s.first[in+1]]
}

func (s *shelf) offer(i int) booking.Offer {
	slot := s.slots[i]
	return booking.Offer{
		Slot: slot, Institution: s.institutions[s.byInstitution[slot.Institution]], Free: s.left(i),
	}
}

// offers lists what is free at the institution with index in.
func (s *shelf) offers(in int) (free []booking.Offer) {
	for i := s.first[in]; i < s.first[in+1]; i++ {
		if s.begins[i] && s.left(i) > 0 {
			free = append(free, s.offer(i))
		}
	}
	return free
}
