package plan

// Replicas is how many WAS processes should run.
type Replicas struct {
	Revision
	// Desired is what the agents follow; within [Min, Max].
	Desired int  `json:"desired"`
	Min     int  `json:"min"`
	Max     int  `json:"max"`
	Mode    Mode `json:"mode"`
	// Term is the Raft term under which Desired was set; an agent obeys the
	// highest it has seen only.
	Term uint64 `json:"term"`
}

var defaultReplicas = Replicas{Desired: 1, Min: 1, Max: 26, Mode: Auto}

// SetReplicas is the body of replicas.set; what is nil stays.
type SetReplicas struct {
	Desired *int  `json:"desired,omitempty"`
	Min     *int  `json:"min,omitempty"`
	Max     *int  `json:"max,omitempty"`
	Mode    *Mode `json:"mode,omitempty"`
}
