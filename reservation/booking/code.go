package booking

// Code is a stable name for what became of a request. It is part of the API.
type Code string

const (
	// Done: the request took effect, now or when it was first sent.
	Done Code = "done"
	// SlotTaken: no place is left for one of the doses.
	SlotTaken Code = "slot_taken"
	// AlreadyBooked: the person holds a live booking, named by the outcome.
	AlreadyBooked Code = "already_booked"
	// NoSlot: there is no such slot.
	NoSlot Code = "no_such_slot"
	// NoSecondDose: the vaccine needs a second dose and the institution offers
	// no slot for it at the right interval.
	NoSecondDose Code = "no_second_dose"
	// NoBooking: the person has no booking of that number.
	NoBooking Code = "no_booking"
	// Cancelled: the booking to be changed has been cancelled.
	Cancelled Code = "already_cancelled"
	// KeyReused: the idempotency key was used before for another request.
	KeyReused Code = "idempotency_key_reused"
	// Invalid: the request makes no sense, whatever the state.
	Invalid Code = "invalid_request"
)

// Error is a rejection by a rule: it will be the same however often it is
// asked, until the state changes.
type Error struct {
	Code   Code
	Detail string
}

func (e *Error) Error() string { return e.Detail }

func invalid(detail string) error { return &Error{Code: Invalid, Detail: detail} }
