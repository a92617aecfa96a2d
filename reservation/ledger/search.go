package ledger

import (
	"cmp"
	"slices"
	"strings"

	"sunbeon/reservation/booking"
)

// Place is an institution with the places it has free for a first dose.
type Place struct {
	booking.Institution
	Free int
}

// PlaceQuery narrows a search for institutions. Empty fields match all. Without
// a Text, which may well be the name of a full one, institutions with nothing
// free are left out.
type PlaceQuery struct {
	Province string
	District string
	Text     string                // part of the name, in either case
	After    booking.InstitutionID // continue behind this one, 0 for the beginning
	Limit    int
}

// Places lists institutions and says after which one to go on; 0 at the end.
func (a *Availability) Places(q PlaceQuery) (found []Place, next booking.InstitutionID) {
	s := a.current.Load()
	if s == nil {
		return nil, 0
	}
	start := 0
	if q.After != 0 {
		i, ok := s.byInstitution[q.After]
		if !ok {
			return nil, 0
		}
		start = i + 1
	}
	text := strings.ToLower(q.Text)
	for i := start; i < len(s.institutions); i++ {
		in := s.institutions[i]
		free := int(s.vacant[i].Load())
		if q.Province != "" && in.Province != q.Province || q.District != "" && in.District != q.District ||
			text == "" && free == 0 || !strings.Contains(strings.ToLower(in.Name), text) {
			continue
		}
		if len(found) == q.Limit {
			return found, found[len(found)-1].ID
		}
		found = append(found, Place{in, free})
	}
	return found, 0
}

// Vacancy is a slot and how many of its places are free.
type Vacancy struct {
	booking.Slot
	Free int
}

// Slots lists what is free at an institution for a first dose, by time, on one
// date or, if date is empty, on all. It continues behind the slot after, if not
// 0, and returns where to go on; 0 at the end. It reports whether there is such
// an institution.
func (a *Availability) Slots(id booking.InstitutionID, date string, after booking.SlotID, limit int) (found []Vacancy, next booking.SlotID, ok bool) {
	s := a.current.Load()
	if s == nil {
		return nil, 0, false
	}
	in, ok := s.byInstitution[id]
	if !ok {
		return nil, 0, false
	}
	start := s.first[in]
	if i, ok := s.bySlot[after]; ok && i >= start {
		start = i + 1
	}
	found = make([]Vacancy, 0, max(0, min(limit, s.first[in+1]-start)))
	for i := start; i < s.first[in+1]; i++ {
		free := s.left(i)
		if !s.begins[i] || free <= 0 || date != "" && s.slots[i].Start.Date() != date {
			continue
		}
		if len(found) == limit {
			return found, found[len(found)-1].ID, true
		}
		found = append(found, Vacancy{s.slot(i), free})
	}
	return found, 0, true
}

// At finds the slot of an institution and vaccine that begins at a time.
func (a *Availability) At(id booking.InstitutionID, vaccine string, start booking.Moment) (booking.Slot, bool) {
	s := a.current.Load()
	if s == nil {
		return booking.Slot{}, false
	}
	slots := s.slotsOf(id)
	from, _ := slices.BinarySearchFunc(slots, start, func(slot booking.Slot, at booking.Moment) int { return cmp.Compare(slot.Start, at) })
	for _, slot := range slots[from:] {
		if slot.Start != start {
			break
		}
		if slot.Vaccine == vaccine {
			return s.slot(s.bySlot[slot.ID]), true
		}
	}
	return booking.Slot{}, false
}

// ring bounds how many institutions a search for alternatives looks into
// beyond the wanted one: a storm of taken slots must not cost a scan of a
// province each.
const ring = 40

// weighed bounds how many near slots are tried for a second dose.
const weighed = 64

// Alternatives returns the n free slots nearest to a wanted one in which all of a
// course can be booked.
func (a *Availability) Alternatives(id booking.SlotID, n int) []booking.Offer {
	s := a.current.Load()
	if s == nil {
		return nil
	}
	i, ok := s.bySlot[id]
	if !ok {
		return nil
	}
	want := s.offer(i)
	home := s.byInstitution[want.Institution.ID]
	complete := func(offers []booking.Offer) (found []booking.Offer) {
		for _, o := range booking.Alternatives(want.Slot, want.Institution, offers, weighed) {
			if s.completes(s.bySlot[o.Slot.ID]) {
				found = append(found, o)
			}
			if len(found) == n {
				break
			}
		}
		return found
	}
	offers := s.offers(nil, home)
	if near := complete(offers); len(near) == n {
		return near
	}
	// Institutions are sorted by province and district, so neighbours in the
	// list are neighbours on the map.
	for step := 1; step <= ring; step++ {
		for _, in := range []int{home - step, home + step} {
			if in >= 0 && in < len(s.institutions) && s.vacant[in].Load() > 0 {
				offers = s.offers(offers, in)
			}
		}
	}
	return complete(offers)
}
