package booking

import (
	"crypto/sha256"
	"encoding/binary"
)

// Kind is what a request asks for.
type Kind int

const (
	Book   Kind = iota // take one slot a dose
	Change             // move a live booking to other slots
	Cancel             // give a live booking's doses back
)

// Request is one write by one person.
type Request struct {
	Kind   Kind
	Key    string // idempotency key, in the name space of the person
	Person string // person reference
	Serial int64  // change, cancel: the booking

	First  SlotID   // book, change: the slot of the first dose
	Second []SlotID // slots the second dose may take, best first; empty when the course has one dose

	Cohort string // book: what the pass said
	Pass   string // book: id of the pass
	Hold   string // book, change: stock reservation upstream, if any
	Sealed []byte // book: the sealed Person
	TimeMS int64  // unix milliseconds at which the request arrived
}

const longestKey = 200

// Validate reports what no state could make right.
func (r Request) Validate() error {
	switch {
	case !validKey(r.Key):
		return invalid("an Idempotency-Key of 1 to 200 printable ASCII characters is needed")
	case r.Person == "":
		return invalid("the person is missing")
	case r.Kind != Cancel && r.First <= 0:
		return invalid("the slot is missing")
	case r.Kind != Book && r.Serial <= 0:
		return invalid("the booking number is missing")
	case r.Kind == Book && r.Pass == "":
		return invalid("a booking needs a pass")
	}
	return nil
}

// validKey keeps to characters that every store returns as they were sent.
func validKey(key string) bool {
	if key == "" || len(key) > longestKey {
		return false
	}
	for i := range len(key) {
		if key[i] < ' ' || key[i] > '~' {
			return false
		}
	}
	return true
}

// Digest tells requests sent under one key apart by what they ask for. What the
// server fills in (candidates, hold, time) differs between two attempts of the
// same request and is left out.
func (r Request) Digest() uint64 {
	var b [24]byte
	binary.BigEndian.PutUint64(b[0:], uint64(r.Kind))
	binary.BigEndian.PutUint64(b[8:], uint64(r.Serial))
	binary.BigEndian.PutUint64(b[16:], uint64(r.First))
	sum := sha256.Sum256(b[:])
	return binary.BigEndian.Uint64(sum[:]) >> 1 // fits a signed column
}

// Outcome is what became of a request.
type Outcome struct {
	Code   Code
	Serial int64    // the booking concerned, 0 if none
	Slots  []SlotID // its slots after a booking or change, one a dose
	Freed  string   // stock reservation to give back upstream, if any
	Replay bool     // answered from the record of an earlier attempt
}

// Number is the booking number, empty if no booking is concerned.
func (o Outcome) Number() Number {
	if o.Serial == 0 {
		return ""
	}
	return NumberOf(o.Serial)
}
