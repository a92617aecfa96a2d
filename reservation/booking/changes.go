package booking

// Changes are the rows to write for a batch.
type Changes struct {
	New     []Booking      // to insert, in the order of their serials
	Updated []Booking      // to overwrite: hold, live and time of the change
	Cleared []string       // persons whose dose rows go before Doses come
	Doses   []Dose         // to insert
	Taken   map[SlotID]int // places taken (positive) or given back (negative), a slot
	Answers []Recorded     // to insert
	Events  []Event        // to append to the outbox
}

// Dose is one person's place in one slot. A person has at most one row a dose:
// the live one, or the last one cancelled.
type Dose struct {
	Person string
	N      int // 1 for the first dose
	Serial int64
	Slot   SlotID
	Live   bool
}

// EventKind says what an event reports.
type EventKind string

const (
	Booked  EventKind = "booked"
	Changed EventKind = "changed"
	Undone  EventKind = "cancelled"
)

// Event is a row of the outbox: it is committed with the booking it reports, and
// becomes the message to the person and, for a pass cited for the first time,
// the entry in the fairness log.
type Event struct {
	ID     int64 // position in the outbox, given by the store
	Kind   EventKind
	Serial int64
	Cohort string
	Pass   string // set only on the first booking made under the pass
	Slots  []SlotID
	TimeMS int64
}
