package plan

import (
	"encoding/json"
	"slices"
)

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

func recordDecision(d *draft, b RecordDecision) error {
	if b.Actuator == "" || b.Sentence == "" {
		return refuse(Malformed, "a decision needs an actuator and a sentence")
	}
	if len(b.Sentence)+len(b.Record) > MaxDecision {
		return refuse(TooLarge, "a decision has at most %d bytes", MaxDecision)
	}
	d.Decisions = appendDecision(slices.Clip(d.Decisions), Decision{
		Revision: d.now(), TimeMS: d.command.TimeMS, Actor: d.command.Actor,
		Actuator: b.Actuator, Sentence: b.Sentence, Record: b.Record,
	})
	return nil
}

func keepState(d *draft, b KeepState) error {
	if b.Controller == "" {
		return refuse(Malformed, "state of no controller")
	}
	if len(b.State) > MaxState {
		return refuse(TooLarge, "a controller keeps at most %d bytes", MaxState)
	}
	if _, known := d.Controllers[b.Controller]; !known && len(d.Controllers) >= maxControllers {
		return refuse(TooLarge, "%d controllers keep state", len(d.Controllers))
	}
	put(&d.Controllers, b.Controller, ControllerState{Revision: d.now(), State: b.State})
	return nil
}

const maxControllers = 16
