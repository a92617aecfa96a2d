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
	v, leave, err := s.search(r, loadgate.Choosing)
	if err != nil {
		return 0, nil, err
	}
	defer leave()
	first, err := booking.ParseSlotID(r.PathValue("id"))
	if err != nil {
		return 0, nil, err
	}
	_, second, _, code := s.course(first, nil)
	if code == booking.SlotTaken && r.URL.Query().Has("change") { // perhaps by their own booking
		if b, err := s.latest(r.Context(), v.ref); err == nil && b.Live {
			_, second, _, code = s.course(first, b.Slots)
		}
	}
	if code != booking.Done {
		return 0, nil, s.rejection(booking.Outcome{Code: code}, first)
	}
	slots := []booking.SlotID{first}
	if len(second) > 0 {
		slots = append(slots, second[0])
	}
	return http.StatusOK, Preview{Doses: s.confirm("", slots).Doses}, nil
}
