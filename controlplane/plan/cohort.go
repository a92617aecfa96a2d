package plan

// Cohort is a group of people who may book together, with its timetable.
type Cohort struct {
	Revision
	ID string `json:"id"`
	// Name by language tag: at least ko and en.
	Name map[string]string `json:"name"`
	// BirthFrom and BirthTo are the first and last day of birth (YYYY-MM-DD).
	BirthFrom string `json:"birth_from"`
	BirthTo   string `json:"birth_to"`
	// LastDigits of the day of birth; empty for all.
	LastDigits []int `json:"last_digits,omitempty"`
	LobbyMS    int64 `json:"lobby_ms"`
	SealMS     int64 `json:"seal_ms"`
	OpenMS     int64 `json:"open_ms"`
	CloseMS    int64 `json:"close_ms"`
	// Order is [OrderDraw] or [OrderFirstCome].
	Order string `json:"order"`
	// DrawMode is [DrawSecret] or [DrawBeacon].
	DrawMode string `json:"draw_mode,omitempty"`
	// Commitment is the hex SHA-256 of the secret's bytes, published before
	// the lobby opens.
	Commitment string `json:"commitment,omitempty"`
	// Source names the public value of a beacon draw, drawn after the seal:
	// such as a round of drand, or tomorrow's lottery numbers.
	Source string `json:"source,omitempty"`
	// Weight is the cohort's part of the admission rate among open cohorts.
	Weight int `json:"weight"`
	// Supply is how many people tonight's doses serve; 0 is unlimited.
	Supply     int64    `json:"supply"`
	Phase      Phase    `json:"phase"`
	DefinedBy  string   `json:"defined_by,omitempty"`
	ApprovedBy []string `json:"approved_by,omitempty"`
	// Accepted tells who let it go on although its preflight was not green.
	Accepted []Acceptance `json:"accepted,omitempty"`
	Draw     *Draw        `json:"draw,omitempty"`
	// VoidMS is when unused passes were last ended; 0 never.
	VoidMS int64 `json:"void_ms,omitempty"`
	// Note tells the public why the timetable changed.
	Note string `json:"note,omitempty"`
}

// Draw is the lottery of a cohort: first the sealed set, then the seed.
type Draw struct {
	Count  int64  `json:"count"`
	Root   string `json:"root"`             // hex
	Secret string `json:"secret,omitempty"` // hex; what the commitment hides, or the public value
	Seed   string `json:"seed,omitempty"`   // hex
	// Named are the public values that officials have read, by official.
	Named map[string]string `json:"named,omitempty"`
}

// Phase of a cohort.
type Phase string

// The phases, in the order of an evening.
const (
	Scheduled Phase = "scheduled"
	Lobby     Phase = "lobby"
	Sealed    Phase = "sealed"
	Open      Phase = "open"
	Paused    Phase = "paused"
	Closed    Phase = "closed"
)

// How a cohort's lobby is ordered, and where a draw's seed comes from.
const (
	OrderDraw      = "draw"
	OrderFirstCome = "first-come"
	DrawSecret     = "secret"
	DrawBeacon     = "beacon"
)

// DefineCohort is the body of cohort.define: a new cohort, or a new timetable
// for one that is still scheduled, which then has to be approved again. Phase,
// approvals and draw are not taken from it.
type DefineCohort struct {
	Cohort Cohort `json:"cohort"`
}

// ApproveCohort is the body of cohort.approve. The command's actor is the one
// who approves.
type ApproveCohort struct {
	Cohort string `json:"cohort"`
	// Accept names the checks of the preflight that are not green and are to
	// be no hindrance.
	Accept []string `json:"accept,omitempty"`
}

// MovePhase is the body of cohort.phase.
type MovePhase struct {
	Cohort string `json:"cohort"`
	Phase  Phase  `json:"phase"`
	// OpenMS is the new hour where a cohort that was open goes back to its
	// lobby: without one it would open again at once.
	OpenMS int64 `json:"open_ms,omitempty"`
	// Accept is, for an opening, the same as [ApproveCohort]'s.
	Accept []string `json:"accept,omitempty"`
}

// PostponeCohort is the body of cohort.postpone. A seal hour still to come
// moves with the opening.
type PostponeCohort struct {
	Cohort string `json:"cohort"`
	OpenMS int64  `json:"open_ms"`
}

// SealDraw is the body of draw.seal, sent by the gate that holds the lobby.
type SealDraw struct {
	Cohort string `json:"cohort"`
	Count  int64  `json:"count"`
	Root   string `json:"root"` // hex
}

// RevealDraw is the body of draw.reveal. The secret must match the published
// commitment.
type RevealDraw struct {
	Cohort string `json:"cohort"`
	Secret string `json:"secret"` // hex
	Seed   string `json:"seed"`   // hex
}
