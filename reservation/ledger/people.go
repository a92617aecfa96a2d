package ledger

// Enrolment is a line of a roster: whether a person may book with a cohort.
type Enrolment struct {
	Cohort, Person string
	Reason         string // a stable code of why not; empty for those who may
	Detail         string // the same for people
}

// Refusal is somebody who came and was told that they may not book. When the
// rule or the register is corrected they are invited back.
type Refusal struct {
	ID             int64 // given by the store
	Person, Cohort string
	Reason         string
	Sealed         []byte // personal data under the ledger key
	TimeMS         int64
}

// Access is staff seeing personal data or acting for somebody.
type Access struct {
	TimeMS  int64
	Account string // whose, never a shared one
	Action  string // what was done: "withdraw", "change"
	Reason  string
	Serials []int64 // whose data, by booking
	Person  string  // for whom, where it was one person; also without a booking
}

// AccessQuery narrows the records of accesses. Zero values match all; a booking
// also finds what was done for its person before it was made.
type AccessQuery struct {
	Serial  int64
	Account string
	SinceMS int64
	Limit   int // the latest so many; 0 is [MostAccesses]
}

// MostAccesses are read at once.
const MostAccesses = 10_000
