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
	version  int64 // this and
	point    int64 // that of the counts only Refresh uses
	vaccines map[string]booking.Vaccine

	institutions  []booking.Institution // by province, district, name
	byInstitution map[booking.InstitutionID]int
	vacant        []atomic.Int64 // by institution: places free in slots a course can begin in

	slots  []booking.Slot // by institution in the order above, then by start; their supply is below
	bySlot map[booking.SlotID]int
	first  []int          // by institution: its first slot; one element more than institutions
	begins []bool         // by slot: a course can begin here
	free   []atomic.Int64 // by slot

	capacity    []atomic.Int64 // by slot
	withdrawnMS []atomic.Int64 // by slot

	// refreshed counts refreshes, and closed holds by slot the one until which it
	// passes for full, whatever free says: where the ledger found it taken the
	// second to end after that, as the first may have been under way then.
	refreshed atomic.Int64
	closed    []atomic.Int64
}

func newShelf(c Catalog, version int64) *shelf {
	n := len(c.Slots)
	s := &shelf{
		version:       version,
		vaccines:      make(map[string]booking.Vaccine, len(c.Vaccines)),
		institutions:  slices.Clone(c.Institutions),
		byInstitution: make(map[booking.InstitutionID]int, len(c.Institutions)),
		vacant:        make([]atomic.Int64, len(c.Institutions)),
		bySlot:        make(map[booking.SlotID]int, n),
		begins:        make([]bool, n),
		free:          make([]atomic.Int64, n),
		capacity:      make([]atomic.Int64, n),
		withdrawnMS:   make([]atomic.Int64, n),
		closed:        make([]atomic.Int64, n),
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
	s.arrange(c.Slots)
	for in := range s.institutions {
		s.begin(in)
	}
	for i, slot := range s.slots {
		s.bySlot[slot.ID] = i
		s.capacity[i].Store(int64(slot.Capacity))
		s.withdrawnMS[i].Store(slot.WithdrawnMS)
		s.set(i, slot.Capacity)
	}
	return s
}

// arrange lays slots out by institution and sorts them within each: there may be
// a million, but few at one institution.
func (s *shelf) arrange(slots []booking.Slot) {
	s.slots, s.first = make([]booking.Slot, len(slots)), make([]int, len(s.institutions)+1)
	for _, slot := range slots {
		s.first[s.byInstitution[slot.Institution]+1]++
	}
	for in := range s.institutions {
		s.first[in+1] += s.first[in]
	}
	next := slices.Clone(s.first)
	for _, slot := range slots {
		in := s.byInstitution[slot.Institution]
		s.slots[next[in]] = slot
		next[in]++
	}
	for in := range s.institutions {
		slices.SortFunc(s.slots[s.first[in]:s.first[in+1]], func(a, b booking.Slot) int {
			return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.ID, b.ID))
		})
	}
}

// begin finds the slots of an institution in which a course can begin. Whether
// there is a second dose depends on the vaccine and the day alone.
func (s *shelf) begin(in int) {
	type day struct {
		vaccine, date string
	}
	known := map[day]bool{}
	for i := s.first[in]; i < s.first[in+1]; i++ {
		slot := s.slots[i]
		v := s.vaccines[slot.Vaccine]
		if v.Doses == 1 {
			s.begins[i] = true
			continue
		}
		d := day{slot.Vaccine, slot.Start.Date()}
		begins, ok := known[d]
		if !ok {
			for range booking.SecondDose(slot, v, s.slots[s.first[in]:s.first[in+1]]) {
				begins = true
				break
			}
			known[d] = begins
		}
		s.begins[i] = begins
	}
}

// supply takes over the places that slots were given. How many of them are free
// the counts tell.
func (s *shelf) supply(news Supply) {
	s.version = news.Version
	for _, slot := range news.Slots {
		if i, ok := s.bySlot[slot.ID]; ok {
			s.capacity[i].Store(int64(slot.Capacity))
			s.withdrawnMS[i].Store(slot.WithdrawnMS)
		}
	}
}

func (s *shelf) apply(counts []Count) {
	for _, c := range counts {
		if i, ok := s.bySlot[c.Slot]; ok {
			s.set(i, c.Free)
		}
	}
}

func (s *shelf) set(i, free int) {
	if s.withdrawnMS[i].Load() > 0 {
		free = 0 // whoever leaves it leaves their place to nobody
	}
	old := s.free[i].Swap(int64(free))
	if s.begins[i] {
		s.vacant[s.byInstitution[s.slots[i].Institution]].Add(int64(free) - old)
	}
}

// close makes a slot pass for full for so many refreshes, or longer if it does.
func (s *shelf) close(i int, refreshes int64) {
	until := s.refreshed.Load() + refreshes
	for old := s.closed[i].Load(); old < until && !s.closed[i].CompareAndSwap(old, until); {
		old = s.closed[i].Load()
	}
}

// completes reports whether a course that begins in a slot finds a place for its
// second dose.
func (s *shelf) completes(i int) bool {
	first := s.slots[i]
	v := s.vaccines[first.Vaccine]
	if v.Doses == 1 {
		return true
	}
	in := s.byInstitution[first.Institution]
	here := s.slots[s.first[in]:s.first[in+1]]
	// On the day it is due an earlier hour than the first dose's will do.
	from, _ := slices.BinarySearchFunc(here, booking.Due(first, v).AddDays(-1), func(slot booking.Slot, at booking.Moment) int {
		return cmp.Compare(slot.Start, at)
	})
	for j := from; j < len(here); j++ {
		if booking.Completes(first, v, &here[j]) && s.left(s.first[in]+j) > 0 {
			return true
		}
	}
	return false
}

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

func (s *shelf) slot(i int) booking.Slot {
	slot := s.slots[i]
	slot.Capacity, slot.WithdrawnMS = int(s.capacity[i].Load()), s.withdrawnMS[i].Load()
	return slot
}

func (s *shelf) offer(i int) booking.Offer {
	slot := s.slot(i)
	return booking.Offer{
		Slot: slot, Institution: s.institutions[s.byInstitution[slot.Institution]], Free: s.left(i),
	}
}

// offers adds to a list what is free at the institution with index in.
func (s *shelf) offers(list []booking.Offer, in int) []booking.Offer {
	for i := s.first[in]; i < s.first[in+1]; i++ {
		if !s.begins[i] {
			continue
		}
		if free := s.left(i); free > 0 {
			list = append(list, booking.Offer{Slot: s.slot(i), Institution: s.institutions[in], Free: free})
		}
	}
	return list
}
