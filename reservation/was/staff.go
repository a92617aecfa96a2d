package was

import (
	"errors"
	"fmt"
	"net/http"
	"time"
	"unicode/utf8"

	"sunbeon/internal/pki"
	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/was/loadgate"
)

// Staff look up, change, cancel and book for a person who phones in. Their own
// certificate says who they are, and they give a reason; both are in the ledger,
// with for whom, before anything is seen or done. They have no way around the
// line: to book they need the person's own login and pass, like the person. To
// look after a booking the person's login is enough, or the booking number and
// the date of birth that the person reads out.

// StaffRole is the role in the certificates of people who act for others.
const StaffRole = "staff"

// Held is a booking as staff see it.
type Held struct {
	Confirmation
	State string `json:"state" enum:"live,cancelled"`
	Name  string `json:"name"`
	Birth string `json:"birth" format:"date"`
	Phone string `json:"phone"`
}

const longestReason = 200 // runes

// onRecord notes what staff are about to see or do. The action is the route's.
func (s *Server) onRecord(r *http.Request, action string, about ledger.Access) error {
	about.Account, about.Action, about.Reason = pki.PeerName(r), action, r.URL.Query().Get("reason")
	about.TimeMS = s.cfg.Now().UnixMilli()
	if n := utf8.RuneCountInString(about.Reason); n == 0 || n > longestReason || booking.Printable(about.Reason) != about.Reason {
		return malformed("a reason of 1 to 200 printable characters is needed")
	}
	if about.Account == "" {
		return refuse("account_needed", "This certificate names nobody. Staff act under their own name.")
	}
	if pause, ok := s.sessions.look("staff "+about.Account, s.cfg.Now()); !ok {
		return slowDown(pause)
	}
	return unread(s.cfg.Records.Accessed(r.Context(), about))
}

// staffed opens the lane of people who look after bookings to staff.
func (s *Server) staffed(e endpoint) endpoint {
	return func(r *http.Request) (int, any, error) {
		leave, err := s.lookup.Enter(r.Context(), loadgate.Booking)
		if err != nil {
			return 0, nil, err
		}
		defer leave()
		return e(r)
	}
}

// entrusted finds the booking of the number in the path for staff who have shown
// that its person is on the phone, and puts the action on record before it looks.
func (s *Server) entrusted(r *http.Request, action string) (booking.Booking, booking.Person, error) {
	var nobody booking.Person
	serial, err := serialIn(r)
	if err != nil {
		return booking.Booking{}, nobody, err
	}
	who, login := s.identify(r)
	birth := r.URL.Query().Get("birth")
	if login != nil && birth == "" {
		return booking.Booking{}, nobody, malformed("the person's login or date of birth (birth) is needed")
	}
	if _, err := time.Parse(time.DateOnly, birth); birth != "" && err != nil {
		return booking.Booking{}, nobody, malformed("birth must be a date like 1990-02-28")
	}
	if err := s.onRecord(r, action, ledger.Access{Serials: []int64{serial}, Person: who.ref}); err != nil {
		return booking.Booking{}, nobody, err
	}
	b, err := s.cfg.Records.Find(r.Context(), serial)
	if errors.Is(err, ledger.ErrNotFound) {
		return b, nobody, s.rejection(booking.Outcome{Code: booking.NoBooking}, 0)
	}
	if err != nil {
		return b, nobody, unread(err)
	}
	person, err := s.cfg.Sealer.Open(b.Person, b.Sealed)
	if err != nil {
		return b, nobody, fmt.Errorf("booking %s: %w", b.Number(), err)
	}
	if login == nil && who.ref != b.Person || login != nil && birth != person.Birth {
		return b, nobody, s.rejection(booking.Outcome{Code: booking.NoBooking}, 0)
	}
	return b, person, nil
}

func (s *Server) held(b booking.Booking, p booking.Person) Held {
	h := Held{Confirmation: s.confirm(b.Number(), b.Slots), State: "cancelled", Name: p.Name, Birth: p.Birth, Phone: p.Phone}
	if b.Live {
		h.State = "live"
	}
	return h
}

// staffFind is the booking a person reads the number of.
func (s *Server) staffFind(r *http.Request) (int, any, error) {
	b, person, err := s.entrusted(r, "look up")
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, s.held(b, person), nil
}

// staffLatest is the booking of a person who does not have the number at hand.
func (s *Server) staffLatest(r *http.Request) (int, any, error) {
	v, err := s.identify(r)
	if err != nil {
		return 0, nil, err
	}
	if err := s.onRecord(r, "look up", ledger.Access{Person: v.ref}); err != nil {
		return 0, nil, err
	}
	b, err := s.latest(r.Context(), v.ref)
	if errors.Is(err, ledger.ErrNotFound) {
		return 0, nil, s.rejection(booking.Outcome{Code: booking.NoBooking}, 0)
	}
	if err != nil {
		return 0, nil, err
	}
	if b, err = s.cfg.Records.Find(r.Context(), b.Serial); err != nil { // with what is sealed
		return 0, nil, unread(err)
	}
	person, err := s.cfg.Sealer.Open(b.Person, b.Sealed)
	if err != nil {
		return 0, nil, fmt.Errorf("booking %s: %w", b.Number(), err)
	}
	return http.StatusOK, s.held(b, person), nil
}

// staffBook books in the person's own turn, with their login and pass.
func (s *Server) staffBook(r *http.Request) (int, any, error) {
	v, err := s.identify(r)
	if err != nil {
		return 0, nil, err
	}
	if err := s.onRecord(r, "book", ledger.Access{Person: v.ref}); err != nil {
		return 0, nil, err
	}
	return s.book(r)
}

func (s *Server) staffChange(r *http.Request) (int, any, error) {
	b, _, err := s.entrusted(r, "change")
	if err != nil {
		return 0, nil, err
	}
	return s.changeOf(r, b.Person)
}

func (s *Server) staffCancel(r *http.Request) (int, any, error) {
	b, _, err := s.entrusted(r, "cancel")
	if err != nil {
		return 0, nil, err
	}
	return s.cancelOf(r, b.Person)
}
