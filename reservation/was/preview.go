package was

import (
	"net/http"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/was/loadgate"
)

// Preview is what booking a slot would book, as far as can be told now: only
// the booking itself is authoritative.
type Preview struct {
	Doses []Dose `json:"doses"`
}

// preview shows both doses before anyone decides.
func (s *Server) preview(r *http.Request) (int, any, error) {
	_, leave, err := s.search(r, loadgate.Choosing)
	if err != nil {
		return 0, nil, err
	}
	defer leave()
	first, err := booking.ParseSlotID(r.PathValue("id"))
	if err != nil {
		return 0, nil, err
	}
	offer, ok := s.cfg.Availability.Slot(first)
	if !ok {
		return 0, nil, s.rejection(booking.Outcome{Code: booking.NoSlot}, first)
	}
	if offer.Free <= 0 {
		return 0, nil, s.rejection(booking.Outcome{Code: booking.SlotTaken}, first)
	}
	slots := []booking.SlotID{first}
	second, vaccine := s.cfg.Availability.SecondDose(first)
	if vaccine.Doses > 1 {
		if len(second) == 0 {
			return 0, nil, s.rejection(booking.Outcome{Code: booking.NoSecondDose}, first)
		}
		slots = append(slots, second[0])
	}
	return http.StatusOK, Preview{Doses: s.confirm("", slots).Doses}, nil
}
