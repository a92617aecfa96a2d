package waitingroom

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// The encoding of a record: kind (1 byte), cohort, then by kind
//
//	ticket           seq, tag (16 bytes)
//	claim            seq, pass (16 bytes), segment, time
//	booked, expired  seq, pass (16 bytes), time
//	any other        the event as JSON
//
// where numbers are unsigned LEB128 in their shortest form. A ticket takes 22
// bytes at ten million people.

// Append appends the encoding of r to b.
func (r *Record) Append(b []byte) ([]byte, error) {
	b = append(b, byte(r.Kind))
	b = binary.AppendUvarint(b, uint64(r.Cohort))
	switch r.Kind {
	case KindTicket:
		b = binary.AppendUvarint(b, uint64(r.Seq))
		return append(b, r.Tag[:]...), nil
	case KindClaim, KindBooked, KindExpired:
		b = binary.AppendUvarint(b, uint64(r.Seq))
		b = append(b, r.Pass[:]...)
		if r.Kind == KindClaim {
			b = binary.AppendUvarint(b, uint64(r.Segment))
		}
		return binary.AppendUvarint(b, uint64(r.At)), nil
	}
	body, err := json.Marshal(r.Event)
	if err != nil {
		return nil, fmt.Errorf("encode record: %w", err)
	}
	return append(b, body...), nil
}

// Parse decodes a record. It does not keep b. Errors wrap [ErrRecord].
func Parse(b []byte) (Record, error) {
	if len(b) == 0 {
		return Record{}, fmt.Errorf("%w: empty", ErrRecord)
	}
	r := Record{Kind: Kind(b[0])}
	f := fields{rest: b[1:]}
	r.Cohort = f.uint32()
	switch r.Kind {
	case KindTicket:
		r.Seq = f.uint32()
		f.bytes(r.Tag[:])
	case KindClaim, KindBooked, KindExpired:
		r.Seq = f.uint32()
		f.bytes(r.Pass[:])
		if r.Kind == KindClaim {
			r.Segment = f.int64()
		}
		r.At = f.int64()
	case KindCohort, KindSeal, KindDraw, KindSegment, KindHold, KindPhase, KindOutage, KindVoid:
		r.Event = f.event()
	default:
		return Record{}, fmt.Errorf("%w: unknown kind %d", ErrRecord, r.Kind)
	}
	if f.err == nil && len(f.rest) > 0 {
		f.err = fmt.Errorf("%d bytes too many", len(f.rest))
	}
	if f.err != nil {
		return Record{}, fmt.Errorf("%w: kind %d: %w", ErrRecord, r.Kind, f.err)
	}
	return r, nil
}

// fields reads one field after the other and keeps the first error.
type fields struct {
	rest []byte
	err  error
}

var errShort = errors.New("too short")

func (f *fields) uvarint(limit uint64) uint64 {
	if f.err != nil {
		return 0
	}
	value, n := binary.Uvarint(f.rest)
	switch {
	case n <= 0:
		f.err = errShort
		return 0
	case n > 1 && f.rest[n-1] == 0:
		f.err = errors.New("number not in its shortest form")
		return 0
	case value > limit:
		f.err = fmt.Errorf("number %d too large", value)
		return 0
	}
	f.rest = f.rest[n:]
	return value
}

func (f *fields) uint32() uint32 { return uint32(f.uvarint(math.MaxUint32)) }
func (f *fields) int64() int64   { return int64(f.uvarint(math.MaxInt64)) }

func (f *fields) bytes(to []byte) {
	if f.err == nil && len(f.rest) < len(to) {
		f.err = errShort
	}
	if f.err == nil {
		f.rest = f.rest[copy(to, f.rest):]
	}
}

func (f *fields) event() *Event {
	if f.err != nil {
		return nil
	}
	event := new(Event)
	decoder := json.NewDecoder(bytes.NewReader(f.rest))
	decoder.DisallowUnknownFields()
	if f.err = decoder.Decode(event); f.err != nil {
		return nil
	}
	f.rest = f.rest[decoder.InputOffset():]
	return event
}
