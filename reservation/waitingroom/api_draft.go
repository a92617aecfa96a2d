package waitingroom

import "sunbeon/internal/serving"

// NewHall returns a hall without rooms, writing to the journal given to
// [Hall.Start].
type Hall struct{}

func NewHall() *Hall { panic("draft") }

// Replay applies one record read back from the journal, at its position.
func (h *Hall) Replay(position uint64, record []byte) error { panic("draft") }

// Start makes the hall write what it decides from now on to journal.
func (h *Hall) Start(journal Journal) { panic("draft") }

// Define opens a room for a cohort or changes its announcement; the same
// announcement again changes nothing.
func (h *Hall) Define(c Cohort, nowMS int64) (*Room, error) { panic("draft") }
func (h *Hall) Room(cohort string) (*Room, bool)            { panic("draft") }
func (h *Hall) Rooms() []*Room                              { panic("draft") }

type Room struct{}

func (r *Room) Cohort() Cohort            { panic("draft") }
func (r *Room) Phase() Phase              { panic("draft") }
func (r *Room) Counts(nowMS int64) Counts { panic("draft") }

// Join gives tag its place, the same one however often it is asked for.
// Errors: ErrNotOpen, ErrClosed, ErrFull.
func (r *Room) Join(tag Tag, nowMS int64) (Ticket, error) { panic("draft") }

// Ticket returns the place of tag; false if it has none.
func (r *Room) Ticket(tag Tag, nowMS int64) (Ticket, bool) { panic("draft") }

// Anchor returns a journal position at or shortly before the ticket record of
// seq, from which IsTicket finds it: see record.Log.Find.
func (r *Room) Anchor(seq int64) uint64                     { panic("draft") }
func (r *Room) IsTicket(seq int64) func(record []byte) bool { panic("draft") }

// Claim issues the pass of a called person, or returns the one already held;
// id is used only for a new one. Errors: ErrNoTicket, ErrNotOpen, ErrPaused,
// ErrClosed, ErrBooked, ErrSupply, *NotCalledError, *MeteredError.
func (r *Room) Claim(tag Tag, id PassID, nowMS int64) (Pass, error) { panic("draft") }

// Booked records that the pass of this turn was used. ErrUnknownPass.
func (r *Room) Booked(turn int64, id PassID, nowMS int64) (position uint64, err error) {
	panic("draft")
}

// Void ends every pass that has not been used; the places can be claimed again.
func (r *Room) Void(nowMS int64) (position uint64, err error) { panic("draft") }

// Serving returns S(t) as shown to the public; Segment the one followed.
func (r *Room) Serving(nowMS int64) int64        { panic("draft") }
func (r *Room) Segment() (serving.Segment, bool) { panic("draft") }

// Adopt follows a segment. ErrSegment wraps why not. An already adopted one is
// no error.
func (r *Room) Adopt(s serving.Segment, nowMS int64) (position uint64, err error) { panic("draft") }

// MovePhase; the phase it is already in is no error. ErrPhase.
func (r *Room) MovePhase(next Phase, nowMS int64) (position uint64, err error) { panic("draft") }

// Hold stops calling and claiming on this gate until Release (break-glass).
func (r *Room) Hold(reason string, nowMS int64) (position uint64, err error)    { panic("draft") }
func (r *Room) Release(reason string, nowMS int64) (position uint64, err error) { panic("draft") }

// Outage stops the pass clocks for the time the gate was down.
func (r *Room) Outage(fromMS, toMS int64) (position uint64, err error) { panic("draft") }

// Seal fixes the lobby: count and Merkle root. Sealing again returns the same.
func (r *Room) Seal(nowMS int64) (Seal, error) { panic("draft") }

// Draw orders the sealed lobby by the secret or public value. ErrDraw.
func (r *Room) Draw(value []byte, nowMS int64) (Drawn, error) { panic("draft") }

// Seal is the fixed lobby.
type Seal struct {
	Count    int64
	Root     [32]byte
	Position uint64
}

// Drawn is the order of a lobby.
type Drawn struct {
	Seal
	Seed [32]byte
}

// SealOf, DrawnOf: what is already fixed.
func (r *Room) Sealed() (Seal, bool) { panic("draft") }
func (r *Room) Drawn() (Drawn, bool) { panic("draft") }

// Wait is a clock-time range in which a turn is likely called; Known is false
// when nothing can be said (no rate, no turn yet).
type Wait struct {
	Known        bool
	FromMS, ToMS int64
}

// Estimate tells when turn will be called.
func (r *Room) Estimate(turn, nowMS int64) Wait { panic("draft") }

// PollTable is the advice put into the serving document; PollAdvice the same
// for one person, random uniform in [0, 1).
func PollTable(rateMilli int64) []PollStep                         { panic("draft") }
func PollAdvice(ahead, rateMilli int64, random float64) (ms int64) { panic("draft") }

// Turn, Rank: the keyed permutation of a draw, for verifiers.
func Turn(seed [32]byte, count, rank int64) int64 { panic("draft") }
func Rank(seed [32]byte, count, turn int64) int64 { panic("draft") }
