package was

import (
	"context"
	"errors"
	"net/http"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// outOfTurn reports whether a person may book again without joining the line:
// the institution withdrew a slot of theirs while they held it.
func (s *Server) outOfTurn(b booking.Booking) bool {
	for _, id := range b.Slots {
		offer, ok := s.cfg.Availability.Slot(id)
		if at := offer.Slot.WithdrawnMS; ok && at > 0 && (b.Live || b.SinceMS >= at) {
			return true
		}
	}
	return false
}

// rebook books anew for somebody who cancelled what had been withdrawn. It
// stands on the pass of the booking it follows, which the line's record knows as
// used, so that it takes nobody's turn.
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
	case !s.outOfTurn(last):
		return booking.Outcome{}, refuse("not_withdrawn",
			"This booking was not withdrawn by its institution. To book again, wait for your turn.")
	}
	want.Cohort, want.Pass = last.Cohort, last.Pass
	person := v.person()
	if err := errors.Join(want.Validate(), person.Validate()); err != nil {
		return booking.Outcome{}, err
	}
	if want.Sealed, err = s.cfg.Sealer.Seal(v.ref, person); err != nil {
		return booking.Outcome{}, err
	}
	return s.place(ctx, want)
}
