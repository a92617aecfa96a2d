package waitingroom

import (
	"fmt"
	"sync"

	"sunbeon/internal/serving"
	"sunbeon/reservation/waitingroom/tree"
)

// Room is the line of one cohort. Its methods may be called from any number of
// goroutines.
type Room struct {
	hall   *Hall
	number uint32

	// mu is held for well under a microsecond by a join, because deciding,
	// encoding and queueing for the journal is all that happens under it.
	mu sync.Mutex
	// scratch is where records are encoded.
	scratch []byte

	// last is the position of the latest record of this room.
	last uint64

	cohort Cohort
	// announced is the position of the record that announced it as it is.
	announced uint64
	phase     Phase
	held      bool

	line   line
	lobby  tree.Frontier
	seal   *Seal
	drawn  *Drawn
	call   calling
	clock  clock
	passes passes
	meter  meter
	// voidedMS is when unused passes were last ended, outageMS when the latest
	// outage was over.
	voidedMS, outageMS int64

	suspicion suspicion
}

func newRoom(h *Hall, number uint32) *Room {
	return &Room{hall: h, number: number, phase: Scheduled}
}

// Cohort returns the announcement in force.
func (r *Room) Cohort() Cohort {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cohort
}

// Announced returns the position of the record with the announcement in force.
func (r *Room) Announced() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.announced
}

// Phase returns the phase the cohort is in.
func (r *Room) Phase() Phase {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.phase
}

// Held reports whether this gate holds the cohort on its own.
func (r *Room) Held() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held
}

// commit makes a decided record part of the room: it is queued for the journal
// and applied. A decision that does not apply is a defect that would tear
// memory and log apart, so it stops the process. mu is held.
func (r *Room) commit(record Record) uint64 {
	record.Cohort = r.number
	encoded, err := record.Append(r.scratch[:0])
	if err != nil {
		panic(fmt.Sprintf("cohort %s: %v", r.cohort.ID, err))
	}
	r.scratch = encoded
	position := r.hall.journal.Append(encoded)
	if err := r.apply(position, &record, encoded); err != nil {
		panic(fmt.Sprintf("cohort %s: apply own decision: %v", r.cohort.ID, err))
	}
	return position
}

func (r *Room) commitEvent(kind Kind, event Event) uint64 {
	return r.commit(Record{Kind: kind, Event: &event})
}

// apply is the only place where a room changes, so that replaying the log
// gives the same room. mu is held.
func (r *Room) apply(position uint64, record *Record, encoded []byte) error {
	r.last = position
	switch record.Kind {
	case KindTicket:
		return r.applyTicket(position, record, encoded)
	case KindClaim:
		return r.applyClaim(position, record)
	case KindBooked:
		return r.applyBooked(position, record)
	case KindExpired:
		return r.applyExpired(record)
	}
	event := record.Event
	switch record.Kind {
	case KindCohort:
		return r.applyCohort(position, event)
	case KindSeal:
		return r.applySeal(position, event)
	case KindDraw:
		return r.applyDraw(position, event)
	case KindSegment:
		return r.applySegment(position, event)
	case KindPhase:
		if err := r.phase.canMoveTo(event.Phase); err != nil {
			return fmt.Errorf("%w: %w", ErrRecord, err)
		}
		r.call.latch(r.serves(), event.TimeMS)
		r.phase = event.Phase
		r.clock.set(r.ticking(), event.TimeMS)
	case KindHold:
		r.call.latch(r.serves(), event.TimeMS)
		r.held = event.Held
		r.clock.set(r.ticking(), event.TimeMS)
	case KindOutage:
		r.clock.skip(event.FromMS, event.TimeMS)
		r.outageMS = event.TimeMS
	case KindVoid:
		r.passes.void()
		r.voidedMS = event.TimeMS
	default:
		return fmt.Errorf("%w: kind %d", ErrRecord, record.Kind)
	}
	return nil
}

func (r *Room) applyCohort(position uint64, event *Event) error {
	if event.Cohort == nil {
		return fmt.Errorf("%w: no announcement", ErrRecord)
	}
	if err := event.Cohort.validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrRecord, err)
	}
	if err := r.cohort.mayBecome(*event.Cohort, r.line.len(), r.seal != nil); err != nil {
		return fmt.Errorf("%w: %w", ErrRecord, err)
	}
	r.cohort, r.announced = *event.Cohort, position
	return nil
}

// serves reports whether turns are being called.
func (r *Room) serves() bool { return r.phase == Open && !r.held }

// ticking reports whether pass clocks run: those who still hold a pass when
// the cohort closes do not keep it for ever.
func (r *Room) ticking() bool { return (r.phase == Open || r.phase == Closed) && !r.held }

func (r *Room) define(c Cohort, nowMS int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cohort == c {
		return nil
	}
	if err := r.cohort.mayBecome(c, r.line.len(), r.seal != nil); err != nil {
		return err
	}
	r.commitEvent(KindCohort, Event{TimeMS: nowMS, Cohort: &c})
	return nil
}

// MovePhase takes the cohort to another phase; the one it is in changes
// nothing. A draw must have been made before its cohort opens. The error wraps
// [ErrPhase].
func (r *Room) MovePhase(next Phase, nowMS int64) (position uint64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if next == r.phase {
		return r.last, nil
	}
	if err := r.phase.canMoveTo(next); err != nil {
		return 0, err
	}
	if next == Open && r.cohort.Order == Draw && r.drawn == nil {
		return 0, fmt.Errorf("%w: %s opens after its draw only", ErrPhase, r.cohort.ID)
	}
	return r.commitEvent(KindPhase, Event{TimeMS: nowMS, Phase: next}), nil
}

// Hold stops calling and claiming on this gate, whatever the control plane
// says, until [Room.Release]. A hold that is on stays as it is.
func (r *Room) Hold(reason string, nowMS int64) (position uint64) {
	return r.setHold(true, reason, nowMS)
}

// Release ends a hold.
func (r *Room) Release(reason string, nowMS int64) (position uint64) {
	return r.setHold(false, reason, nowMS)
}

func (r *Room) setHold(held bool, reason string, nowMS int64) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if held == r.held {
		return r.last
	}
	return r.commitEvent(KindHold, Event{TimeMS: nowMS, Held: held, Reason: reason})
}

// Outage takes the time a gate was down out of every pass's lifetime, once: what
// an earlier outage took is left out. A span that ends before it begins, as
// clocks set back make it, is refused.
func (r *Room) Outage(fromMS, toMS int64) (position uint64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if toMS < fromMS {
		return 0, fmt.Errorf("%w: outage of %s from %d to %d", ErrRecord, r.cohort.ID, fromMS, toMS)
	}
	if fromMS = max(fromMS, r.outageMS); fromMS >= toMS {
		return r.last, nil
	}
	return r.commitEvent(KindOutage, Event{TimeMS: toMS, FromMS: fromMS}), nil
}

// Void ends every pass that has not been used; their holders keep their turns
// and can claim again.
func (r *Room) Void(nowMS int64) (position uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.commitEvent(KindVoid, Event{TimeMS: nowMS})
}

// VoidedMS is when [Room.Void] was last called; 0 before.
func (r *Room) VoidedMS() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.voidedMS
}

// Segment returns the serving segment followed, and false before the first.
func (r *Room) Segment() (serving.Segment, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.call.segment, r.call.segment.Number > 0
}

// Counts sums up the room.
func (r *Room) Counts(nowMS int64) Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	shown, _ := r.call.at(nowMS, r.serves())
	c := Counts{
		Tickets: r.line.len(),
		Serving: shown,
		Called:  min(shown, r.line.len()),
		Claimed: r.passes.people,
		Booked:  r.passes.booked,

		ClaimedLobby: r.passes.lobby,

		Asking: r.meter.waiting(nowMS),
	}
	c.Sessions = r.passes.sessions(r.clock.at(nowMS))
	if r.seal != nil {
		c.Lobby = r.seal.Count
	}
	return c
}
