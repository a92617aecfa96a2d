package waitingroom

import (
	"errors"
	"fmt"
)

// ErrUnfair is wrapped by everything [Hall.Audit] finds that an honest gate
// never decides.
var ErrUnfair = errors.New("unfair")

// AuditSlackS is how far a record's own time may be from the time its group
// was committed, in seconds: it covers a disk that stalls, and is as far as a
// gate could cheat with times without a verifier noticing.
const AuditSlackS = 15

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
		if off := event.Segment.T0 - event.TimeMS; off > MaxSkewMS || off < -MaxSkewMS {
			return fmt.Errorf("segment %d begins %d ms from when it was adopted", event.Segment.Number, off)
		}
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
