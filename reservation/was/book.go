package was

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/was/loadgate"
)

// Choice is the body of a booking or a change.
type Choice struct {
	SlotID string `json:"slot_id" doc:"Slot of the first dose. The second is set at the vaccine's interval, in the same institution."`
}

// Confirmation is a booking as people see it.
type Confirmation struct {
	Number string `json:"number" doc:"Booking number; its last character is a check character."`
	Doses  []Dose `json:"doses"`
}

// Dose is one appointment.
type Dose struct {
	Dose          int    `json:"dose"`
	SlotID        string `json:"slot_id"`
	InstitutionID string `json:"institution_id"`
	Institution   string `json:"institution"`
	Date          string `json:"date" format:"date"`
	Time          string `json:"time"`
	Vaccine       string `json:"vaccine"`
	Withdrawn     bool   `json:"withdrawn,omitempty" doc:"The institution has taken this time off: change the booking, without joining the line."`
}

// Alternative is a free slot near a taken one.
type Alternative struct {
	SlotID        string `json:"slot_id"`
	InstitutionID string `json:"institution_id"`
	Institution   string `json:"institution"`
	Date          string `json:"date" format:"date"`
	Time          string `json:"time"`
	Vaccine       string `json:"vaccine"`
	Free          int    `json:"free"`
}

const alternatives = 3

// recallWithin bounds a look into the ledger for an answer given before.
const recallWithin = 500 * time.Millisecond

// book takes both doses in one step: eligibility, then stock, then the ledger.
// Each step before the last can be repeated without harm, and the last tells
// repetitions by their key.
func (s *Server) book(r *http.Request) (int, any, error) {
	leave, err := s.cpu.Enter(r.Context(), loadgate.Booking)
	if err != nil {
		return 0, nil, err
	}
	defer leave()
	v, err := s.admit(r)
	if err != nil {
		return s.before(r, v, err)
	}
	s.sessions.touch(v.ref, s.cfg.Now())
	want, err := s.chosen(r, v.ref)
	if err != nil {
		return 0, nil, err
	}
	want.Kind, want.Cohort, want.Pass = booking.Book, v.pass.Cohort, v.pass.ID
	person := v.person()
	if err := errors.Join(want.Validate(), person.Validate()); err != nil {
		return 0, nil, err
	}
	leave() // from here on the request waits for others, not for this processor

	out, err := s.answer(r.Context(), v, want)
	if err != nil {
		return 0, nil, err
	}
	if out.Code == booking.Done {
		s.sessions.booked(v.ref)
		return http.StatusCreated, s.confirm(out.Number(), out.Slots), nil
	}
	return 0, nil, s.rejection(out, want.First)
}

// before answers who is not let in with the booking that an earlier attempt under
// the same key made, if it did: its answer may have got lost, and since then the
// pass have expired or booking been paused. Anybody else is refused as they are.
func (s *Server) before(r *http.Request, v visitor, refused error) (int, any, error) {
	if v.ref == "" {
		return 0, nil, refused
	}
	want, err := s.chosen(r, v.ref)
	if err != nil || want.Key == "" {
		return 0, nil, refused
	}
	if _, ok := s.sessions.look(v.ref, s.cfg.Now()); !ok {
		return 0, nil, refused
	}
	out, replayed, err := s.replay(r.Context(), want)
	switch {
	case err != nil:
		return 0, nil, err
	case !replayed || out.Code != booking.Done:
		return 0, nil, refused
	}
	return http.StatusCreated, s.confirm(out.Number(), out.Slots), nil
}

// answer books, or finds the answer the request was given before. Who tries for the
// first time has none, as far as this server knows, so that nobody is kept waiting
// for a look into the ledger; but they may have tried at another server, and are
// refused nothing before that has been looked up.
func (s *Server) answer(ctx context.Context, v visitor, want booking.Request) (booking.Outcome, error) {
	again := s.sessions.tries(v.ref, s.cfg.Now())
	if again {
		if out, replayed, err := s.replay(ctx, want); replayed || err != nil {
			return out, err
		}
	}
	out, err := s.attempt(ctx, v, want)
	if again || errors.Is(err, ledger.ErrUnknown) || err == nil && out.Code == booking.Done {
		return out, err
	}
	// An upstream may have taken all the time there was.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recallWithin)
	defer cancel()
	if known, replayed, unread := s.replay(ctx, want); replayed || unread != nil {
		return known, unread
	}
	return out, err
}

// attempt asks everybody who has a say.
func (s *Server) attempt(ctx context.Context, v visitor, want booking.Request) (out booking.Outcome, err error) {
	if err := s.eligible(ctx, v, loadgate.Booking); err != nil {
		return out, err
	}
	if want.Sealed, err = s.cfg.Sealer.Seal(v.ref, v.person()); err != nil {
		return out, err
	}
	return s.place(ctx, want, nil)
}

// chosen reads the request of a booking or change: the slot and the key.
func (s *Server) chosen(r *http.Request, person string) (booking.Request, error) {
	var choice Choice
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, 4<<10))
	if err == nil {
		err = json.Unmarshal(body, &choice)
	}
	if err != nil {
		return booking.Request{}, malformed(`the body must be like {"slot_id":"17"}`)
	}
	slot, err := booking.ParseSlotID(choice.SlotID)
	if err != nil {
		return booking.Request{}, err
	}
	return booking.Request{
		Key: r.Header.Get("Idempotency-Key"), Person: person, First: slot, TimeMS: s.cfg.Now().UnixMilli(),
	}, nil
}

// replay answers a request that was answered before, without asking anybody
// else: it works while the upstreams are down.
func (s *Server) replay(ctx context.Context, want booking.Request) (booking.Outcome, bool, error) {
	known, err := s.cfg.Records.Answer(ctx, booking.Attempt{Person: want.Person, Key: want.Key})
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return booking.Outcome{}, false, nil
	case err != nil:
		return booking.Outcome{}, false, unread(err)
	case known.Digest != want.Digest():
		return booking.Outcome{Code: booking.KeyReused}, true, nil
	}
	return known.Outcome, true, nil
}

// course is what a choice of a slot comes to: the slot, where the second dose may
// fall, and how many there are. The code is Done unless the choice is in vain. The
// places of a booking that is to be moved are its person's own.
func (s *Server) course(first booking.SlotID, own []booking.SlotID) (slot booking.Slot, second []booking.SlotID, doses int, code booking.Code) {
	offer, ok := s.cfg.Availability.Slot(first)
	if !ok {
		return slot, nil, 0, booking.NoSlot
	}
	second, vaccine := s.cfg.Availability.SecondDose(first, own...)
	switch {
	case !s.cfg.Availability.Begins(first):
		code = booking.NoSecondDose
	case offer.Free <= 0 && !slices.Contains(own, first), vaccine.Doses > 1 && len(second) == 0:
		// Full a second ago. The ledger would know better, but a storm on one
		// slot must not reach it; whoever cancelled shows up within a second.
		code = booking.SlotTaken
	default:
		code = booking.Done
	}
	return offer.Slot, second, vaccine.Doses, code
}

// place reserves stock and commits a booking, or the change of one that has the
// slots own.
func (s *Server) place(ctx context.Context, want booking.Request, own []booking.SlotID) (booking.Outcome, error) {
	slot, second, doses, code := s.course(want.First, own)
	if code != booking.Done {
		return booking.Outcome{Code: code}, nil
	}
	want.Second = second
	var err error
	want.Hold, err = s.reserve(ctx, holdKey(want.Person, want.Key, want.First), slot, doses)
	if noStock(err) {
		s.cfg.Availability.SoldOut(want.First)
		return booking.Outcome{Code: booking.SlotTaken}, nil
	}
	if err != nil {
		return booking.Outcome{}, refusedBy(err)
	}
	out, err := s.commit(ctx, want)
	if err == nil && out.Code == booking.SlotTaken && !out.Replay {
		s.cfg.Availability.Full(want.First)
	}
	return out, err
}

// commit hands a request to the ledger and gives back the stock that nobody
// needs any more.
func (s *Server) commit(ctx context.Context, want booking.Request) (booking.Outcome, error) {
	leave, err := s.ledger.Enter(ctx, loadgate.Booking)
	if err != nil {
		return booking.Outcome{}, err
	}
	defer leave()
	out, err := s.cfg.Writer.Submit(ctx, want)
	if err != nil {
		return out, err
	}
	s.releases.add(out.Freed)
	return out, nil
}

func (s *Server) confirm(number booking.Number, slots []booking.SlotID) Confirmation {
	c := Confirmation{Number: string(number), Doses: make([]Dose, len(slots))}
	for i, id := range slots {
		o, _ := s.cfg.Availability.Slot(id)
		c.Doses[i] = Dose{
			Dose: i + 1, SlotID: id.String(), InstitutionID: o.Institution.ID.String(), Institution: o.Institution.Name,
			Date: o.Slot.Start.Date(), Time: o.Slot.Start.Clock(), Vaccine: o.Slot.Vaccine,
			Withdrawn: o.Slot.WithdrawnMS > 0,
		}
	}
	return c
}

// details are what people read; the code is what programs read.
var details = map[booking.Code]string{
	booking.SlotTaken:     "That time has just been taken. These are the nearest free ones.",
	booking.AlreadyBooked: "You have a booking already. You can look it up and change it.",
	booking.NoSlot:        "There is no such slot.",
	booking.NoSecondDose:  "This institution has no time for the second dose at the right interval.",
	booking.NoBooking:     "You have no booking of that number.",
	booking.Cancelled:     "That booking has been cancelled.",
	booking.KeyReused:     "This Idempotency-Key was used before for another request.",
}

func (s *Server) rejection(out booking.Outcome, wanted booking.SlotID) error {
	p := refuse(string(out.Code), details[out.Code])
	switch out.Code {
	case booking.AlreadyBooked:
		p.With("number", string(out.Number()))
	case booking.SlotTaken:
		near := []Alternative{}
		for _, o := range s.cfg.Availability.Alternatives(wanted, alternatives) {
			near = append(near, Alternative{
				SlotID: o.Slot.ID.String(), InstitutionID: o.Institution.ID.String(), Institution: o.Institution.Name,
				Date: o.Slot.Start.Date(), Time: o.Slot.Start.Clock(), Vaccine: o.Slot.Vaccine, Free: o.Free,
			})
		}
		p.With("alternatives", near)
	}
	return p
}
