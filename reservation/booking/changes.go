package booking

// Changes are the rows to write for a batch. Those that exist are overwritten
// before new ones come: a person has one row that is not replaced.
type Changes struct {
	Updated  []Booking  // to overwrite: slots, hold, live and time of the change
	Replaced []int64    // serials of rows whose person gets a later booking
	New      []Made     // to insert, in the order of their serials
	Answers  []Recorded // to insert: those that no new row holds
	Events   []Event    // what happened, in the order of their numbers
	Moves    Moves
	Last     int64 // highest number given out
}

// Moves are how many places of each slot were taken, negative for given back.
type Moves map[SlotID]int

// None reports that the batch left no trace: replays only.
func (c Changes) None() bool { return len(c.New) == 0 && len(c.Answers) == 0 }

// Made is a booking together with the request that made it and so with its
// answer, which is given again however the booking changed since. A ledger keeps
// both in one row.
type Made struct {
	Booking
	Key      string
	Digest   uint64
	Chosen   []SlotID // the slots it was made with
	Cites    bool     // the first booking made under its pass
	Replaced bool     // the person has a later booking
}

// Answer is what the request that made the booking was answered.
func (m Made) Answer() Recorded {
	return Recorded{
		Attempt: Attempt{m.Person, m.Key}, Digest: m.Digest, TimeMS: m.MadeMS,
		Outcome: Outcome{Code: Done, Serial: m.Serial, Slots: m.Chosen},
	}
}

// EventKind says what an event reports.
type EventKind string

const (
	Booked    EventKind = "booked"
	Changed   EventKind = "changed"
	Undone    EventKind = "cancelled"
	Withdrawn EventKind = "withdrawn" // the institution has taken a slot of the booking off
)

// Event is committed with the booking it reports, and becomes the message to the
// person and, for a pass cited for the first time, the entry in the fairness log.
// One sequence numbers bookings and events: the event that tells of a new
// booking has its number, and a ledger keeps both in one row.
type Event struct {
	ID     int64
	Kind   EventKind
	Serial int64
	Cohort string
	Pass   string // set only on the first booking made under the pass
	Slots  []SlotID
	Left   []SlotID // slots whose places were given back: the former ones of a change, all of a cancelled booking
	Freed  string   // stock reservation the booking stands on no more, if any
	TimeMS int64
}
