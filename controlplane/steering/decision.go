package steering

import "encoding/json"

// Actuators, as decisions name them.
const (
	ActuatorAdmission = "admission"
	ActuatorReplicas  = "replicas"
	ActuatorCohort    = "cohort"
)

// Action is what a decision did or would do.
type Action string

// A hold is recorded when a wish was refused; an outcome closes an earlier
// decision by comparing its prediction with what came.
const (
	ActionRaise   Action = "raise"
	ActionLower   Action = "lower"
	ActionHold    Action = "hold"
	ActionPropose Action = "propose"
	ActionOpen    Action = "open"
	ActionClose   Action = "close"
	ActionDemote  Action = "demote"
	ActionOutcome Action = "outcome"
)

// Clamps a decision may have hit.
const (
	clampStale     = "telemetry_stale"
	clampBlind     = "telemetry_blind"
	clampUnseen    = "telemetry_unseen"
	clampNewLeader = "new_leader"
	clampFreeze    = "freeze"
	clampPause     = "pause"
	clampOverride  = "override"
	clampMax       = "upper_bound"
	clampMin       = "lower_bound"
	clampSlew      = "slew_limit"
	clampBudget    = "change_budget"
	clampMode      = "mode"
	clampApproval  = "approval"
	clampStrain    = "strain_seen"
	clampLost      = "replicas_lost"
)

// MaxDecisionBytes bounds the JSON of one decision, because the plan keeps a
// thousand of them.
const MaxDecisionBytes = 2048

// Decision is one reasoned change, or the reason there was none.
type Decision struct {
	ID       uint64  `json:"id"`
	TimeMS   int64   `json:"time_ms"`
	Actuator string  `json:"actuator"`
	Action   Action  `json:"action"`
	Cohort   string  `json:"cohort,omitempty"`
	From     float64 `json:"from"`
	To       float64 `json:"to"`
	// Applied is false for proposals and holds: nothing changed.
	Applied bool `json:"applied"`

	Inputs    []Evidence `json:"inputs,omitempty"`
	Estimates []Estimate `json:"estimates,omitempty"`
	Stages    []Stage    `json:"stages,omitempty"` // what each stage wanted, in order
	// Bottleneck names the resource that limits; empty when none does.
	Bottleneck string   `json:"bottleneck,omitempty"`
	Because    Sentence `json:"because"`
	Clamps     []string `json:"clamps,omitempty"`
	// Unclamped is what would have been done without the clamps.
	Unclamped float64     `json:"unclamped"`
	Predicted *Prediction `json:"predicted,omitempty"`
	// Of is the decision an outcome closes; Measured what came instead of
	// Predicted.Rate.
	Of       uint64   `json:"of,omitempty"`
	Measured *float64 `json:"measured,omitempty"`
}

// Evidence is one input with its age.
type Evidence struct {
	Signal string  `json:"signal"`
	Value  float64 `json:"value"`
	AgeMS  int64   `json:"age_ms"`
}

// Estimate is what was thought of one resource, in its own requests a second.
type Estimate struct {
	Resource   string  `json:"resource"`
	Proved     float64 `json:"proved"`
	Believed   float64 `json:"believed"`
	Confidence float64 `json:"confidence"`
	Limit      float64 `json:"limit"` // admission rate it would allow; -1 when it never limits
	Saturated  bool    `json:"saturated,omitempty"`
	Each       bool    `json:"each,omitempty"` // of one replica
}

// Stage is one step of the reasoning and the value it arrived at.
type Stage struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// Prediction is the mean request rate at a resource between two times.
type Prediction struct {
	Resource string  `json:"resource"`
	FromMS   int64   `json:"from_ms"`
	ToMS     int64   `json:"to_ms"`
	Rate     float64 `json:"rate"`
}

// fit drops the least telling parts until the record is within its size: first
// estimates of resources that do not limit, then inputs.
func (d *Decision) fit() {
	for {
		b, err := json.Marshal(d)
		if err != nil || len(b) <= MaxDecisionBytes {
			return
		}
		switch {
		case len(d.Estimates) > 1:
			worst := 0
			for i, e := range d.Estimates {
				if e.Resource != d.Bottleneck && (d.Estimates[worst].Resource == d.Bottleneck || higher(e.Limit, d.Estimates[worst].Limit)) {
					worst = i
				}
			}
			d.Estimates = append(d.Estimates[:worst], d.Estimates[worst+1:]...)
		case len(d.Inputs) > 0:
			d.Inputs = d.Inputs[:len(d.Inputs)-1]
		default:
			return
		}
	}
}

// higher compares limits, where -1 stands for no limit.
func higher(a, b float64) bool {
	if b < 0 {
		return false
	}
	return a < 0 || a > b
}
