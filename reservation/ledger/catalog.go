package ledger

import (
	"fmt"

	"sunbeon/reservation/booking"
)

// Catalog is what can be booked: imported, never changed by a booking.
type Catalog struct {
	Vaccines     []booking.Vaccine
	Institutions []booking.Institution
	Slots        []booking.Slot
}

// Validate reports the first row that cannot be right. Every slot must belong
// to an institution and a vaccine of the same catalog.
func (c Catalog) Validate() error {
	vaccines := make(map[string]bool, len(c.Vaccines))
	for _, v := range c.Vaccines {
		if err := v.Validate(); err != nil {
			return err
		}
		vaccines[v.ID] = true
	}
	institutions := make(map[booking.InstitutionID]bool, len(c.Institutions))
	for _, in := range c.Institutions {
		if in.ID <= 0 || in.Name == "" || in.Province == "" {
			return fmt.Errorf("institution %d needs a positive id, a name and a province", in.ID)
		}
		institutions[in.ID] = true
	}
	for _, s := range c.Slots {
		switch {
		case s.ID <= 0 || s.Capacity < 0:
			return fmt.Errorf("slot %d needs a positive id and a capacity", s.ID)
		case !institutions[s.Institution]:
			return fmt.Errorf("slot %d is at institution %d, which is not in the catalog", s.ID, s.Institution)
		case !vaccines[s.Vaccine]:
			return fmt.Errorf("slot %d has vaccine %q, which is not in the catalog", s.ID, s.Vaccine)
		}
	}
	return nil
}
