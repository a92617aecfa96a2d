// Package plan is the replicated state of the control plane and the commands
// that change it.
//
// A [Plan] is one immutable value: [Apply] makes the next one from a command
// and leaves the old one as it was, so that any number of readers share it
// without a lock. Applying uses no clock, no randomness and no map order:
// every node that applies the same commands holds a plan with the same
// [Plan.Hash]. What a command may not do is answered by a [Result] with a
// stable code, the same on every node; only a command this program does not
// know is an error, and stops the node before it could diverge.
//
// The plan is cut into sections, each a topic of the watch. [Changes] lists
// what differs between two plans and [Plan.With] takes such a list in, so a
// follower far away holds the same sections as the nodes do.
//
// Rates are thousandths of a turn per second (milli); times are Unix
// milliseconds.
package plan

import "crypto/sha256"

// Schema is the version of the plan's encoding.
const Schema = 1

// Plan is the state all control-plane nodes agree on. Its maps and slices are
// shared between plans and must never be written to. What they hold carries
// the Raft index of its last change, which is the version a person's command
// is checked against.
type Plan struct {
	// Index is the Raft index of the last command taken in.
	Index uint64
	// ClockMS is the leader's time of that command. It can step back when the
	// leader changes. Followers of the watch do not have it.
	ClockMS int64
	// Commands counts the commands taken in.
	Commands uint64
	// Chain is the hash chain over all commands and their results.
	Chain [sha256.Size]byte

	Cluster     Cluster
	Admission   Admission
	Replicas    Replicas
	Cohorts     map[string]Cohort          // by cohort
	Segments    map[string]Segments        // by cohort
	Lines       map[string]Line            // by cohort/gate: see LineKey
	Instances   map[string]Instance        // by instance
	Overrides   map[string]Override        // by target
	Holds       map[string]Hold            // by scope: a cohort, or All
	Freezes     map[string]Freeze          // by actuator, or All
	Passes      map[string]Revocation      // by pass id
	Checkpoints map[string]Checkpoint      // by log origin
	Controllers map[string]ControllerState // by controller
	Operators   map[string]Operator        // by name
	Decisions   []Decision                 // oldest first
	Proposals   map[string]Proposal        // by id
	Undos       map[string]Undo            // by index, in digits that sort
	Incidents   map[string]Incident        // by id
	Members     map[string]Member          // by node
	Handovers   map[string]ShiftNote       // by index, in digits that sort
	Trials      map[string]Trial           // by check/subject

	window window
	entry  []byte // of the last command
}

// All is the scope of a hold or freeze that covers everything.
const All = "all"

// New is the plan of a cluster that has applied nothing yet. What it begins
// with is part of what the log means: another default takes another version of
// the cluster.
func New() *Plan {
	return &Plan{
		Cluster:   Cluster{MinVersion: 1},
		Admission: defaultAdmission,
		Replicas:  defaultReplicas,
		window:    newWindow(),
	}
}

// Revision is embedded in everything the plan holds by name.
type Revision struct {
	// Index is the Raft index of the last change.
	Index uint64 `json:"index"`
}

func (r Revision) revision() uint64 { return r.Index }
