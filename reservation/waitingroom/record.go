package waitingroom

import (
	"encoding/hex"
	"fmt"

	"sunbeon/internal/serving"
)

// Kind says what a record changes. The numbers are part of the log's format.
type Kind uint8

// The kinds of records.
const (
	KindCohort  Kind = 1  // a cohort opens its room, or its announcement changes
	KindTicket  Kind = 2  // a person takes a place
	KindSeal    Kind = 3  // the lobby is fixed
	KindDraw    Kind = 4  // the lobby is ordered
	KindSegment Kind = 5  // a serving segment is followed from now on
	KindClaim   Kind = 6  // a pass is issued
	KindBooked  Kind = 7  // a pass was used
	KindExpired Kind = 8  // a pass ran out and its place is claimed again
	KindHold    Kind = 9  // calling and claiming stop or go on, on the gate's own
	KindPhase   Kind = 10 // the cohort moves to another phase
	KindOutage  Kind = 11 // a span during which the gate was down
	KindVoid    Kind = 12 // every unused pass ends
)

// Record is one change of one room. Tickets and what happens to passes are
// fixed binary fields, because there are millions of them; the rest is an
// [Event].
type Record struct {
	Kind Kind
	// Cohort is the number of the room, in order of opening, from 0.
	Cohort uint32
	// Seq is the arrival number of the person concerned.
	Seq uint32
	// Tag is set in a ticket.
	Tag Tag
	// Pass is set in claim, booked and expired; At is the time of those, in
	// Unix seconds, rounded up.
	Pass PassID
	At   int64
	// Segment is set in a claim: the number of the segment that called it.
	Segment int64
	// Event is set in all other kinds.
	Event *Event
}

// Event is the body of a rare record; the fields of its kind are set.
type Event struct {
	TimeMS  int64            `json:"time_ms"`
	Cohort  *Cohort          `json:"cohort,omitempty"`
	Phase   Phase            `json:"phase,omitempty"`
	Segment *serving.Segment `json:"segment,omitempty"`
	// Count and Root are the sealed lobby.
	Count int64      `json:"count,omitempty"`
	Root  *HexDigest `json:"root,omitempty"`
	// Value is the secret or public value of a draw, Seed what it gave.
	Value HexBytes   `json:"value,omitempty"`
	Seed  *HexDigest `json:"seed,omitempty"`
	// Held and Reason belong to a hold.
	Held   bool   `json:"held,omitempty"`
	Reason string `json:"reason,omitempty"`
	// FromMS is when an outage began; it ended at TimeMS.
	FromMS int64 `json:"from_ms,omitempty"`
}

// HexBytes are written as lower-case hex.
type HexBytes []byte

// MarshalText implements [encoding.TextMarshaler].
func (h HexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (h *HexBytes) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(string(text))
	*h = raw
	return err
}

// HexDigest is a SHA-256 value, written as lower-case hex.
type HexDigest [32]byte

// MarshalText implements [encoding.TextMarshaler].
func (d HexDigest) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, d[:]), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *HexDigest) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(d)) {
		return fmt.Errorf("digest of %d hex digits", len(text))
	}
	_, err := hex.Decode(d[:], text)
	return err
}
