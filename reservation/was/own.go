package was

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/was/loadgate"
)

// Own is what a person has booked.
type Own struct {
	Bookings []Confirmation `json:"bookings" doc:"Live bookings; none or one."`
	Rebook   string         `json:"rebook,omitempty" doc:"Number of a cancelled booking to book again under, without joining the line: its cohort is still open, or the institution had withdrawn its slots."`
}

// Cancellation confirms that both doses were given back.
type Cancellation struct {
	Number string `json:"number"`
	State  string `json:"state" enum:"cancelled"`
}

// self opens the lane of people who look after their booking: identity is
// enough, no line, no pass.
func (s *Server) self(r *http.Request) (visitor, func(), error) {
	leave, err := s.lookup.Enter(r.Context(), loadgate.Booking)
	if err != nil {
		return visitor{}, nil, err
	}
	v, err := s.identify(r)
	if err == nil {
		if pause, ok := s.sessions.look(v.ref, s.cfg.Now()); !ok {
			err = slowDown(pause)
		}
	}
	if err != nil {
		leave()
		return v, nil, err
	}
	return v, leave, nil
}

func (s *Server) mine(r *http.Request) (int, any, error) {
	v, leave, err := s.self(r)
	if err != nil {
		return 0, nil, err
	}
	defer leave()
	own := Own{Bookings: []Confirmation{}}
	b, err := s.latest(r.Context(), v.ref)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
	case err != nil:
		return 0, nil, err
	case b.Live:
		own.Bookings = append(own.Bookings, s.confirm(b.Number(), b.Slots))
	case s.mayFollow(b) == nil:
		own.Rebook = string(b.Number())
	}
	return http.StatusOK, own, nil
}

// change moves both doses or none.
func (s *Server) change(r *http.Request) (int, any, error) {
	v, leave, err := s.self(r)
	if err != nil {
		return 0, nil, err
	}
	defer leave()
	return s.changeOf(r, v.ref)
}

func (s *Server) changeOf(r *http.Request, person string) (int, any, error) {
	want, err := s.chosen(r, person)
	if err != nil {
		return 0, nil, err
	}
	if want.Serial, err = serialIn(r); err != nil {
		return 0, nil, err
	}
	want.Kind = booking.Change
	if err := want.Validate(); err != nil {
		return 0, nil, err
	}
	out, replayed, err := s.replay(r.Context(), want)
	if err == nil && !replayed {
		out, err = s.move(r.Context(), want)
	}
	if err != nil {
		return 0, nil, err
	}
	if out.Code != booking.Done {
		return 0, nil, s.rejection(out, want.First)
	}
	return http.StatusOK, s.confirm(out.Number(), out.Slots), nil
}

// move places a change of a booking that is there. It reserves doses of its own
// even within one institution: those of the booking may be given back by
// another change that commits first.
func (s *Server) move(ctx context.Context, want booking.Request) (booking.Outcome, error) {
	b, err := s.latest(ctx, want.Person)
	if errors.Is(err, ledger.ErrNotFound) {
		return booking.Outcome{Code: booking.NoBooking}, nil
	}
	if err != nil {
		return booking.Outcome{}, err
	}
	var own []booking.SlotID
	if b.Live && b.Serial == want.Serial {
		own = b.Slots
	}
	return s.place(ctx, want, own)
}

// cancel gives both doses back. Without a key of its own it is the one
// cancellation of that booking, so that asking twice is asking once.
func (s *Server) cancel(r *http.Request) (int, any, error) {
	v, leave, err := s.self(r)
	if err != nil {
		return 0, nil, err
	}
	defer leave()
	return s.cancelOf(r, v.ref)
}

func (s *Server) cancelOf(r *http.Request, person string) (int, any, error) {
	serial, err := serialIn(r)
	if err != nil {
		return 0, nil, err
	}
	number := booking.NumberOf(serial)
	want := booking.Request{
		Kind: booking.Cancel, Key: r.Header.Get("Idempotency-Key"), Person: person, Serial: serial, TimeMS: s.cfg.Now().UnixMilli(),
	}
	if want.Key == "" {
		want.Key = "cancel " + string(number)
	}
	if err := want.Validate(); err != nil {
		return 0, nil, err
	}
	out, err := s.commit(r.Context(), want)
	if err != nil {
		return 0, nil, err
	}
	if out.Code != booking.Done {
		return 0, nil, s.rejection(out, 0)
	}
	return http.StatusOK, Cancellation{Number: string(number), State: "cancelled"}, nil
}

// latest is the person's booking. A ledger that cannot be read holds people up
// and is no fault of theirs.
func (s *Server) latest(ctx context.Context, person string) (booking.Booking, error) {
	b, err := s.cfg.Records.Latest(ctx, person)
	return b, unread(err)
}

// unread is an error of reading the ledger as people are told of it.
func unread(err error) error {
	if err == nil || errors.Is(err, ledger.ErrNotFound) {
		return err
	}
	return fmt.Errorf("%w: %w", ledger.ErrUnavailable, err)
}

// serialIn reads the booking number in the path.
func serialIn(r *http.Request) (int64, error) {
	number, err := booking.ParseNumber(r.PathValue("number"))
	if err != nil {
		return 0, err
	}
	return number.Serial(), nil
}
