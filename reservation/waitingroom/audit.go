package waitingroom

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrUnfair is wrapped by everything [Hall.Audit] finds that an honest gate
// never decides.
var ErrUnfair = errors.New("unfair")

const (
	// AuditSlackS is how far a record's own time may be before the time its
	// group was committed, in seconds: it covers a disk that stalls, and is as
	// far as a gate could cheat with times without a verifier noticing.
	AuditSlackS = 15
	// auditAheadS is how far it may be after: times are rounded up.
	auditAheadS = 1
	// remarkableMS is the length from which an outage is worth a remark: every
	// pass lives longer by it.
	remarkableMS = 60_000
	// lastS is the last second taken for a time, in the year 10889.
	lastS = 1 << 48 / 1000
)

// suspicion is what an audit of a room remembers beyond the room itself.
type suspicion struct {
	maxRate int64 // of any segment, in thousandths a second
	remarks []string
}

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
	err = canonical(&record, encoded)
	if err == nil {
		err = room.audit(&record, committedS)
	}
	if err != nil {
		id := room.cohort.ID
		if id == "" { // its first record
			id = record.Event.Cohort.ID
		}
		return fmt.Errorf("%w: cohort %s: %w", ErrUnfair, id, err)
	}
	return room.apply(position, &record, encoded)
}

// Remarks are what an audit found that breaks no promise and that the public
// should know all the same, in words.
func (r *Room) Remarks() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.suspicion.remarks
}

func (r *Room) remark(format string, args ...any) {
	r.suspicion.remarks = append(r.suspicion.remarks, "cohort "+r.cohort.ID+" "+fmt.Sprintf(format, args...))
}

// canonical refuses a second way to write the same record: two verifiers might
// read it differently.
func canonical(record *Record, encoded []byte) error {
	again, err := record.only().Append(nil)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, encoded) {
		return fmt.Errorf("a record of kind %d is not written as it is specified", record.Kind)
	}
	return nil
}

// only returns the record with nothing but the fields of its kind.
func (r *Record) only() *Record {
	if r.Event == nil {
		return r
	}
	e := Event{TimeMS: r.Event.TimeMS}
	switch r.Kind {
	case KindCohort:
		e.Cohort = r.Event.Cohort
	case KindSeal:
		e.Count, e.Root = r.Event.Count, r.Event.Root
	case KindDraw:
		e.Value, e.Seed = r.Event.Value, r.Event.Seed
	case KindSegment:
		e.Segment = r.Event.Segment
	case KindHold:
		e.Held, e.Reason = r.Event.Held, r.Event.Reason
	case KindPhase:
		e.Phase = r.Event.Phase
	case KindOutage:
		e.FromMS = r.Event.FromMS
	}
	return &Record{Kind: r.Kind, Cohort: r.Cohort, Event: &e}
}

// audit checks a record against the room as it was just before.
func (r *Room) audit(record *Record, committedS int64) error {
	atS := record.At
	if record.Event != nil {
		atS = record.Event.TimeMS / 1000
	}
	if committedS > lastS {
		return fmt.Errorf("committed in second %d, which is no time", committedS)
	}
	if off := atS - committedS; record.Kind != KindTicket && (off > auditAheadS || off < -AuditSlackS) {
		return fmt.Errorf("a record of second %d was committed in second %d", atS, committedS)
	}
	switch record.Kind {
	case KindTicket:
		if err := r.admits(); err != nil {
			return fmt.Errorf("ticket %d given out in phase %q: %w", record.Seq, r.phase, err)
		}
		return nil
	case KindClaim:
		return r.auditClaim(record)
	case KindExpired:
		return r.auditExpired(record)
	case KindBooked:
		return nil // what it cites is checked as it is applied
	}
	return r.auditEvent(record.Kind, record.Event)
}

func (r *Room) auditEvent(kind Kind, event *Event) error {
	switch kind {
	case KindCohort:
		if event.Cohort != nil && *event.Cohort == r.cohort {
			return errors.New("announced again, and nothing changed")
		}
	case KindSegment:
		if event.Segment != nil {
			return r.auditSegment(*event.Segment, event.TimeMS)
		}
	case KindSeal:
		if event.TimeMS < r.cohort.SealMS {
			return fmt.Errorf("sealed at %d, announced for %d", event.TimeMS, r.cohort.SealMS)
		}
		return r.sealable(event.TimeMS)
	case KindDraw:
		if round, ok, err := r.cohort.round(); err != nil || ok && event.TimeMS < round.TimeMS() {
			return fmt.Errorf("drawn at %d, before the drand round %d was public at %d", event.TimeMS, round.Number, round.TimeMS())
		}
	case KindPhase:
		return r.auditPhase(event)
	case KindHold:
		if event.Held == r.held {
			return fmt.Errorf("held: %t, and so it was", r.held)
		}
	case KindOutage:
		if event.FromMS < r.outageMS || event.FromMS > event.TimeMS {
			return fmt.Errorf("an outage from %d to %d, after one up to %d", event.FromMS, event.TimeMS, r.outageMS)
		}
		if event.TimeMS-event.FromMS > remarkableMS {
			r.remark("had its pass clocks stopped from %d to %d, %d s, for an outage", event.FromMS, event.TimeMS, (event.TimeMS-event.FromMS)/1000)
		}
	case KindVoid:
		r.remark("had its unused passes ended at %d; their turns stayed", event.TimeMS)
	}
	return nil
}

// auditPhase checks that nothing begins before what it waits for.
func (r *Room) auditPhase(event *Event) error {
	early := func(announcedMS int64) bool { return event.TimeMS < announcedMS-AuditSlackS*1000 }
	switch {
	case event.Phase == Lobby && r.phase == Scheduled && early(r.cohort.LobbyMS):
		return fmt.Errorf("the lobby began at %d, announced for %d", event.TimeMS, r.cohort.LobbyMS)
	case event.Phase == Open && r.cohort.Order == Draw && r.drawn == nil:
		return errors.New("opened before its draw")
	case event.Phase == Open && early(r.cohort.OpenMS):
		r.remark("opened at %d, %d s before the hour announced", event.TimeMS, (r.cohort.OpenMS-event.TimeMS)/1000)
	case event.Phase == Lobby && r.phase != Scheduled && r.phase != Sealed:
		r.remark("went back to its lobby at %d; every turn stayed", event.TimeMS)
	}
	return nil
}
