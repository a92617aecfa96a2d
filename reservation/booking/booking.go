// Package booking is the domain behind the line: who books which dose where.
//
// It is pure. It reads no clock, draws no randomness and does no I/O; the
// ledger hands it the rows a batch of requests touches, [Decide] says what
// becomes of each request, and the ledger writes the [Changes] down. Both
// stores share these rules, so they cannot disagree about them.
//
// The rules: no slot beyond its capacity; one live booking a person and dose;
// both doses in one step, the second at the vaccine's interval in the same
// institution; a change either happens as a whole or not at all; a
// cancellation returns the doses; a write sent twice under one key has one
// effect and one answer.
package booking

// Booking is one person's appointment for every dose of one vaccine.
type Booking struct {
	Serial  int64  // number in the ledger, from 1
	Person  string // person reference: keyed, stable over cohorts, no personal data
	Cohort  string
	Pass    string // id of the pass the booking was made under
	Hold    string // stock reservation upstream; empty when stock is imported
	Sealed  []byte // personal data under the ledger key
	Live    bool   // false once cancelled
	Slots   []SlotID
	MadeMS  int64 // unix milliseconds of the first booking
	SinceMS int64 // unix milliseconds of the latest change
}

// Number is the booking number told to people.
func (b Booking) Number() Number { return NumberOf(b.Serial) }
