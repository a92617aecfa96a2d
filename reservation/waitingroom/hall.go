package waitingroom

import (
	"fmt"
	"slices"
	"sync"
)

// maxRooms is how many cohorts one record may have, ever. A room takes half a
// megabyte from its first ticket on, so without a bound a small forged record
// could fill the memory of whoever verifies it.
const maxRooms = 1024

// Hall holds the rooms that write to one journal.
type Hall struct {
	journal Journal

	mu     sync.RWMutex
	rooms  []*Room // by number
	byName map[string]*Room

	// audited are the passes that [Hall.Audit] has seen issued, in any room: an
	// identifier used twice would let one booking stand for two.
	audited map[PassID]struct{}
}

// NewHall returns a hall without rooms. Feed it the records there are with
// [Hall.Replay], then let it write with [Hall.Start].
func NewHall() *Hall { return &Hall{byName: map[string]*Room{}} }

// Start makes the hall write every later change to journal. It is called once,
// after the last Replay and before any other use.
func (h *Hall) Start(journal Journal) { h.journal = journal }

// Replay applies one record of the journal. Its errors wrap [ErrRecord] and
// mean that the log and this code disagree; the rooms must not be used then.
func (h *Hall) Replay(position uint64, encoded []byte) error {
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
	return room.apply(position, &record, encoded)
}

// roomFor returns the room a record belongs to, opening it where the record
// does.
func (h *Hall) roomFor(record *Record) (*Room, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if int(record.Cohort) < len(h.rooms) {
		return h.rooms[record.Cohort], nil
	}
	if record.Kind != KindCohort || int(record.Cohort) != len(h.rooms) || record.Event.Cohort == nil {
		return nil, fmt.Errorf("%w: kind %d of room %d, of which there are %d",
			ErrRecord, record.Kind, record.Cohort, len(h.rooms))
	}
	if len(h.rooms) == maxRooms {
		return nil, fmt.Errorf("%w: more than %d cohorts", ErrRecord, maxRooms)
	}
	if _, taken := h.byName[record.Event.Cohort.ID]; taken {
		return nil, fmt.Errorf("%w: cohort %s opens a second room", ErrRecord, record.Event.Cohort.ID)
	}
	return h.open(record.Event.Cohort.ID), nil
}

func (h *Hall) open(cohort string) *Room {
	room := newRoom(h, uint32(len(h.rooms)))
	h.rooms = append(h.rooms, room)
	h.byName[cohort] = room
	return room
}

// Define opens the room of a cohort, or changes its announcement as far as
// that is still allowed. The announcement already in force changes nothing.
// The error wraps [ErrCohort].
func (h *Hall) Define(c Cohort, nowMS int64) (*Room, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	room, ok := h.byName[c.ID]
	if !ok {
		if len(h.rooms) == maxRooms {
			return nil, fmt.Errorf("%w %s: one record has at most %d", ErrCohort, c.ID, maxRooms)
		}
		room = h.open(c.ID)
	}
	return room, room.define(c, nowMS)
}

// Room returns the room of a cohort, and false where none is open.
func (h *Hall) Room(cohort string) (*Room, bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	room, ok := h.byName[cohort]
	return room, ok
}

// Rooms lists all rooms in the order they were opened.
func (h *Hall) Rooms() []*Room {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return slices.Clone(h.rooms)
}
