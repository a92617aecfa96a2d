package was

import (
	"context"
	"errors"
	"net/http"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/was/loadgate"
)

// withdrawn reports whether the institution withdrew a slot of the booking while
// it stood.
func (s *Server) withdrawn(b booking.Booking) bool {
	for _, id := range b.Slots {
		offer, ok := s.cfg.Availability.Slot(id)
		if at := offer.Slot.WithdrawnMS; ok && at > 0 && (b.Live || b.SinceMS >= at) {
			return true
		}
	}
	return false
}

// turnOf is the pass a booking was made under. It was issued before it was used,
// so the time of the booking is the latest it can have been issued at.
func turnOf(b booking.Booking) credential.Pass {
	return credential.Pass{ID: b.Pass, Cohort: b.Cohort, Person: b.Person, IssuedMS: b.MadeMS}
}

// mayFollow is what there is against booking again after a cancelled booking,
// without joining the line. Nothing, where the institution had withdrawn it.
// Who cancelled of their own accord keeps the turn they had, as everybody does
// who has been called, until their cohort closes: they could have changed to any
// free slot as well, so nobody is passed by it.
func (s *Server) mayFollow(b booking.Booking) error {
	if s.withdrawn(b) {
		return nil
	}
	return s.allows(turnOf(b))
}

// rebook books anew after a cancelled booking. It stands on the pass of the
// booking it follows, which the line's record knows as used, so that it takes
// nobody's turn.
func (s *Server) rebook(r *http.Request) (int, any, error) {
	v, leave, err := s.self(r)
	if err != nil {
		return 0, nil, err
	}
	defer leave()
	want, err := s.chosen(r, v.ref)
	if err != nil {
		return 0, nil, err
	}
	serial, err := serialIn(r)
	if err != nil {
		return 0, nil, err
	}
	want.Kind = booking.Book
	out, replayed, err := s.replay(r.Context(), want)
	if err == nil && !replayed {
		out, err = s.follow(r.Context(), v, serial, want)
	}
	if err != nil {
		return 0, nil, err
	}
	if out.Code != booking.Done {
		return 0, nil, s.rejection(out, want.First)
	}
	return http.StatusCreated, s.confirm(out.Number(), out.Slots), nil
}

// follow places a booking that follows the one of that serial.
func (s *Server) follow(ctx context.Context, v visitor, serial int64, want booking.Request) (booking.Outcome, error) {
	last, err := s.latest(ctx, v.ref)
	switch {
	case errors.Is(err, ledger.ErrNotFound) || err == nil && last.Serial != serial:
		return booking.Outcome{Code: booking.NoBooking}, nil
	case err != nil:
		return booking.Outcome{}, err
	case last.Live:
		return booking.Outcome{Code: booking.AlreadyBooked, Serial: serial}, nil
	}
	if err := s.mayFollow(last); err != nil {
		return booking.Outcome{}, err
	}
	if !s.withdrawn(last) {
		v.pass = turnOf(last)
		if err := s.eligible(ctx, v, loadgate.Booking); err != nil {
			return booking.Outcome{}, err
		}
	}
	want.Cohort, want.Pass = last.Cohort, last.Pass
	person := v.person()
	if err := errors.Join(want.Validate(), person.Validate()); err != nil {
		return booking.Outcome{}, err
	}
	if want.Sealed, err = s.cfg.Sealer.Seal(v.ref, person); err != nil {
		return booking.Outcome{}, err
	}
	return s.place(ctx, want, nil)
}
