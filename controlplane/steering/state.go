package steering

// State is what steering carries from step to step. It is JSON, well under
// 64 KB, and kept in the plan so that a new leader starts with what was learned.
// Treat it as opaque except for Output.
type State struct {
	Output Output `json:"output"`

	NowMS       int64      `json:"now_ms"`
	Term        uint64     `json:"term"`
	TermSinceMS int64      `json:"term_since_ms"`
	Names       []string   `json:"names"` // of the resources, in the order of the slices below
	History     history    `json:"history"`
	Claims      [2]kernel  `json:"claims"`   // of lobby and later people, by age since the call
	ToldMS      int64      `json:"told_ms"`  // when the line's last report was made
	Requests    []kernel   `json:"requests"` // by age since the claim
	Estimates   []estimate `json:"estimates"`
	LobbyAhead  bool       `json:"lobby_ahead"` // the next turn waited in the lobby
	DeadMS      int64      `json:"dead_ms"`     // mean time from a call to its load, where that takes longest

	Rate    rateState  `json:"rate"`
	Scale   scaleState `json:"scale"`
	Pool    pool       `json:"pool"`
	Opening recorded   `json:"opening"`
	// Opened holds, by cohort, the hour of the opening that was told.
	Opened   map[string]int64 `json:"opened,omitempty"`
	Trust    trustState       `json:"trust"`
	Sequence uint64           `json:"sequence"` // of decisions
}

// Output is what should be in force after a step, whether or not it changed.
type Output struct {
	Rate     float64            `json:"rate"`     // calls a second over all cohorts
	Shares   map[string]float64 `json:"shares"`   // the rate, by open cohort
	Replicas int                `json:"replicas"` // WAS
	Open     []string           `json:"open"`     // cohorts that should be open
	Limited  string             `json:"limited"`  // name of the bottleneck
}

// recorded remembers the last record of something that did not happen.
type recorded struct {
	RecordedMS int64  `json:"recorded_ms"`
	Recorded   string `json:"recorded"`
}
