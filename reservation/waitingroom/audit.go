package waitingroom

import (
	"errors"
	"fmt"

	"sunbeon/internal/serving"
)

// ErrUnfair is wrapped by everything [Hall.Audit] finds that an honest gate
// never decides.
var ErrUnfair = errors.New("unfair")

// AuditSlackS is how far a record's own time may be from the time its group
// was committed, in seconds: it covers a disk that stalls, and is as far as a
// gate could cheat with times without a verifier noticing.
const AuditSlackS = 15

// RunAheadMS is how far beyond the last ticket a segment may call, in
// milliseconds at its rate.
const RunAheadMS = 2_000

// Audit is [Hall.Replay] with suspicion: it also refuses a record that follows
// from those before it but that an honest gate would not have written. Of the
// people who may check, it trusts none. committedS is the time of the record's
// group, in Unix seconds. The error wraps [ErrUnfair] or [ErrRecord].
func (h *Hall) Audit(position uint64, encoded []byte, committedS int64) error {
	record, err := Parse(encoded)
	if err != nil {
		return err
	}
	room, err := h.roomFor(&record)
	if err != nil {
		return err
	}
	room.mu.Lock()
	defer room.mu.Unlock()
	if err := room.audit(&record, committedS); err != nil {
		return fmt.Errorf("%w: cohort %s: %w", ErrUnfair, room.cohort.ID, err)
	}
	return room.apply(position, &record, encoded)
}

// audit checks a record against the room as it was just before.
func (r *Room) audit(record *Record, committedS int64) error {
	atS := record.At
	if record.Event != nil {
		atS = record.Event.TimeMS / 1000
	}
	if off := atS - committedS; record.Kind != KindTicket && (off > AuditSlackS || off < -AuditSlackS) {
		return fmt.Errorf("a record of second %d was committed in second %d", atS, committedS)
	}
	event := record.Event
	switch record.Kind {
	case KindTicket:
		if err := r.admits(); err != nil {
			return fmt.Errorf("ticket %d given out in phase %q: %w", record.Seq, r.phase, err)
		}
	case KindClaim:
		return r.auditClaim(record)
	case KindExpired:
		return r.auditExpired(record)
	case KindSegment:
		if event.Segment == nil {
			return nil
		}
		return r.auditSegment(*event.Segment, event.TimeMS)
	case KindSeal:
		if event.TimeMS < r.cohort.SealMS {
			return fmt.Errorf("sealed at %d, announced for %d", event.TimeMS, r.cohort.SealMS)
		}
	case KindPhase:
		if event.Phase == Open && r.cohort.Order == Draw && r.drawn == nil {
			return errors.New("opened before its draw")
		}
	}
	return nil
}

// auditSegment checks that a segment begins when it was adopted, goes on from
// where the one before it had come, and calls nobody beyond the tail.
func (r *Room) auditSegment(s serving.Segment, atMS int64) error {
	if err := timely(s, atMS); err != nil {
		return err
	}
	before := r.call.segment
	// Where segments are missing between, their rates are not on record.
	if s.Number == before.Number+1 {
		reached, _ := r.call.at(atMS, r.serves())
		if before.Number > 0 {
			reached = max(reached, before.At(s.T0))
		}
		if s.Start > reached {
			return fmt.Errorf("segment %d begins at %d, where segment %d had called %d", s.Number, s.Start, before.Number, reached)
		}
	}
	tail := r.line.len() + (s.RateMilli*RunAheadMS+999_999)/1_000_000
	if r.cohort.Supply > 0 {
		tail = min(tail, r.cohort.Supply)
	}
	if s.Cap > max(tail, s.Start) {
		return fmt.Errorf("segment %d may call up to %d, beyond the tail of %d tickets", s.Number, s.Cap, r.line.len())
	}
	return nil
}

// auditClaim checks that a pass went to a called turn that had none.
func (r *Room) auditClaim(record *Record) error {
	if err := r.admitsClaims(); err != nil {
		return fmt.Errorf("pass of ticket %d issued in phase %q: %w", record.Seq, r.phase, err)
	}
	atMS := record.At * 1000
	turn := r.place(record.Seq, atMS).drawTurn().Turn
	if turn == 0 {
		return fmt.Errorf("pass of ticket %d issued before the draw", record.Seq)
	}
	var reached int64
	switch record.Segment {
	case r.call.segment.Number:
		reached = r.call.segment.At(atMS)
	case r.call.highBy:
		reached = r.call.high
	default:
		return fmt.Errorf("pass of ticket %d cites segment %d, which was not followed", record.Seq, record.Segment)
	}
	if record.Segment == r.call.highBy {
		reached = max(reached, r.call.high)
	}
	if turn > reached {
		return fmt.Errorf("early pass: ticket %d has turn %d, segment %d had called %d",
			record.Seq, turn, record.Segment, reached)
	}
	if i, pass := r.passes.of(record.Seq); pass != nil {
		if pass.booked {
			return fmt.Errorf("ticket %d got another pass after booking", record.Seq)
		}
		// The expiry recorded in the same breath is told by the clock.
		if r.passes.live(i, r.clock.at(atMS)) {
			return fmt.Errorf("ticket %d got a second pass while the first was good", record.Seq)
		}
	}
	return nil
}

func (r *Room) auditExpired(record *Record) error {
	i, pass := r.passes.find(record.Seq, record.Pass)
	if pass != nil && r.passes.live(i, r.clock.at(record.At*1000)) {
		return fmt.Errorf("pass of ticket %d ended before its time", record.Seq)
	}
	return nil
}
