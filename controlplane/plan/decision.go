package plan

import "encoding/json"

// Decision is one reasoned change by a controller.
type Decision struct {
	Revision
	TimeMS   int64  `json:"time_ms"`
	Actor    string `json:"actor"`
	Actuator string `json:"actuator"`
	// Sentence says what was done and what bound it.
	Sentence string `json:"sentence"`
	// Record is the whole record: inputs, estimates, stages, prediction.
	Record json.RawMessage `json:"record,omitempty"`
}

// RecordDecision is the body of decision.record, at most [MaxDecision] bytes.
type RecordDecision struct {
	Actuator string          `json:"actuator"`
	Sentence string          `json:"sentence"`
	Record   json.RawMessage `json:"record,omitempty"`
}

// ControllerState is what a controller needs to go on under another leader.
// Its bytes mean nothing to the plan.
type ControllerState struct {
	Revision
	State json.RawMessage `json:"state"`
}

// KeepState is the body of controller.state, a leader's command; the state is
// any JSON of at most [MaxState] bytes.
type KeepState struct {
	Controller string          `json:"controller"`
	State      json.RawMessage `json:"state"`
}

// Bounds that keep the plan small.
const (
	MaxDecisions  = 1024
	MaxDecision   = 2 << 10
	MaxState      = 64 << 10
	MaxCheckpoint = 4 << 10
	MaxBody       = 128 << 10
)
