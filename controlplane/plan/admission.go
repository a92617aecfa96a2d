package plan

// Admission is how fast people are let in, over all open cohorts together.
type Admission struct {
	Revision
	// RateMilli is the rate while nothing steers it.
	RateMilli int64 `json:"rate_milli"`
	// MinMilli and MaxMilli bound what steering and overrides may ask for.
	MinMilli int64 `json:"min_milli"`
	MaxMilli int64 `json:"max_milli"`
	// FloorMilli and TauMS are where and how fast a gate without a control
	// plane decays.
	FloorMilli int64 `json:"floor_milli"`
	TauMS      int64 `json:"tau_ms"`
	Mode       Mode  `json:"mode"`
}

var defaultAdmission = Admission{
	RateMilli: 10_000, MaxMilli: 1_000_000, FloorMilli: 1_000, TauMS: 30_000, Mode: Auto,
}

// Mode is how much an actuator may do by itself.
type Mode string

// The modes. In each but Off decreases are automatic.
const (
	Off     Mode = "off"
	Advise  Mode = "advise"
	Approve Mode = "approve"
	Auto    Mode = "auto"
)

// ConfigureAdmission is the body of admission.configure; what is nil stays.
type ConfigureAdmission struct {
	RateMilli  *int64 `json:"rate_milli,omitempty"`
	MinMilli   *int64 `json:"min_milli,omitempty"`
	MaxMilli   *int64 `json:"max_milli,omitempty"`
	FloorMilli *int64 `json:"floor_milli,omitempty"`
	TauMS      *int64 `json:"tau_ms,omitempty"`
	Mode       *Mode  `json:"mode,omitempty"`
}

// Targets of an override.
const (
	TargetAdmission = "admission" // value in milli, over all open cohorts
	TargetReplicas  = "replicas"  // value in WAS processes
)

// Override is an operator's value for an actuator. It beats steering until it
// expires.
type Override struct {
	Revision
	Target  string `json:"target"`
	Value   int64  `json:"value"`
	Owner   string `json:"owner"`
	Reason  string `json:"reason"`
	SetMS   int64  `json:"set_ms"`
	UntilMS int64  `json:"until_ms"`
}

// SetOverride is the body of override.set; owner and reason are the
// command's.
type SetOverride struct {
	Target  string `json:"target"`
	Value   int64  `json:"value"`
	UntilMS int64  `json:"until_ms"`
}

// ClearOverride is the body of override.clear.
type ClearOverride struct {
	Target string `json:"target"`
}

// Hold stops admission for a cohort or, with scope [All], for everyone.
type Hold struct {
	Revision
	Scope   string `json:"scope"`
	Owner   string `json:"owner"`
	Reason  string `json:"reason"`
	SinceMS int64  `json:"since_ms"`
}

// SetHold is the body of hold.set; owner and reason are the command's.
type SetHold struct {
	Scope string `json:"scope"`
}

// ReleaseHold is the body of hold.release.
type ReleaseHold struct {
	Scope string `json:"scope"`
}

// Freeze keeps the controllers of one actuator, or of all, from changing
// anything but downwards.
type Freeze struct {
	Revision
	Scope   string `json:"scope"`
	Owner   string `json:"owner"`
	Reason  string `json:"reason"`
	SinceMS int64  `json:"since_ms"`
	UntilMS int64  `json:"until_ms"`
}

// SetFreeze is the body of freeze.set; scope is a target or [All].
type SetFreeze struct {
	Scope   string `json:"scope"`
	UntilMS int64  `json:"until_ms"`
}

// ReleaseFreeze is the body of freeze.release.
type ReleaseFreeze struct {
	Scope string `json:"scope"`
}
