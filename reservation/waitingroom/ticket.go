package waitingroom

// Tag names a person within one cohort: a keyed hash of the identity agency's
// stable identifier. Tags are uniformly distributed; the index relies on it.
type Tag [16]byte

// PassID identifies one pass; fresh ones are drawn by the caller.
type PassID [16]byte

// State of a person's place.
type State string

// The states. An expired place can be claimed again.
const (
	Waiting State = "waiting"
	Claimed State = "claimed"
	Booked  State = "booked"
	Expired State = "expired"
)

// Ticket is a person's place as it stands.
type Ticket struct {
	// Seq is the arrival number, from 1.
	Seq int64
	// Turn is the number in the order of calling, from 1; 0 until it is drawn.
	Turn  int64
	State State
	// New is true when this very call took the place.
	New bool
	// BeyondSupply warns that tonight's doses may not reach this place.
	BeyondSupply bool
	// Position of the journal up to which everything this ticket tells is
	// durable once the journal says so. For a new ticket it is its own record.
	Position uint64
}

// Pass is the permission a called person holds.
type Pass struct {
	ID   PassID
	Seq  int64
	Turn int64
	// Segment is the number of the serving segment that called the turn.
	Segment int64
	// IssuedMS is when it was first issued, to the whole second below.
	IssuedMS int64
	// ExpiresMS is when it ends if serving goes on without a pause from now
	// on; a pause moves it, the identifier stays.
	ExpiresMS int64
	// New is true when this very call issued the pass.
	New      bool
	Position uint64
}
