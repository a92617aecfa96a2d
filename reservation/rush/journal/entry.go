package journal

// Event is what a server acknowledged, or what a citizen was about to ask.
type Event string

// The events of a citizen's way. Those that end in -ing are written before the
// request leaves, so that the audit knows of outcomes nobody learned.
const (
	Ticket     Event = "ticket"     // a place in the line
	Pass       Event = "pass"       // an admission
	Booked     Event = "booked"     // both doses
	Cancelling Event = "cancelling" // a cancellation is about to be asked for
	Cancelled  Event = "cancelled"  // a cancellation
)

// Entry is one line of the journal. Which fields are set depends on the event.
type Entry struct {
	TimeMS int64 `json:"time_ms"`
	Event  Event `json:"event"`
	// Person is the person's name among all crowds.
	Person string `json:"person"`
	Cohort string `json:"cohort,omitempty"`
	// Device is 1 for the device a person usually holds, 2 for another one.
	Device int `json:"device,omitempty"`
	// Seq and Turn count from the line's own origin; nil where not known.
	Seq  *int64 `json:"seq,omitempty"`
	Turn *int64 `json:"turn,omitempty"`
	// PassID and Segment are of a pass.
	PassID  string `json:"pass_id,omitempty"`
	Segment int64  `json:"segment,omitempty"`
	// Number is the booking's; Key the idempotency key it was made under.
	Number string `json:"number,omitempty"`
	Key    string `json:"key,omitempty"`
	Doses  []Dose `json:"doses,omitempty"`
}

// Dose is one dose of a booking as it was acknowledged.
type Dose struct {
	Dose int    `json:"dose"`
	Slot string `json:"slot_id"`
}
