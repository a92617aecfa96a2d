package plan

import (
	"encoding/json"
	"fmt"
)

// Kind names what a command does.
type Kind string

// The kinds of command, each with the body type it carries.
const (
	CohortDefine       Kind = "cohort.define"       // DefineCohort
	CohortApprove      Kind = "cohort.approve"      // ApproveCohort
	CohortPhase        Kind = "cohort.phase"        // MovePhase
	CohortPostpone     Kind = "cohort.postpone"     // PostponeCohort
	DrawSeal           Kind = "draw.seal"           // SealDraw
	DrawReveal         Kind = "draw.reveal"         // RevealDraw
	DrawValue          Kind = "draw.value"          // NameValue
	PassesVoid         Kind = "passes.void"         // VoidPasses
	SegmentRenew       Kind = "segment.renew"       // RenewSegment
	LineReport         Kind = "line.report"         // ReportLine
	AdmissionConfigure Kind = "admission.configure" // ConfigureAdmission
	OverrideSet        Kind = "override.set"        // SetOverride
	OverrideClear      Kind = "override.clear"      // ClearOverride
	HoldSet            Kind = "hold.set"            // SetHold
	HoldRelease        Kind = "hold.release"        // ReleaseHold
	FreezeSet          Kind = "freeze.set"          // SetFreeze
	FreezeRelease      Kind = "freeze.release"      // ReleaseFreeze
	ReplicasSet        Kind = "replicas.set"        // SetReplicas
	InstanceRegister   Kind = "instance.register"   // RegisterInstance
	InstanceReport     Kind = "instance.report"     // ReportInstance
	InstanceForget     Kind = "instance.forget"     // ForgetInstance
	PassRevoke         Kind = "pass.revoke"         // RevokePass
	CheckpointPublish  Kind = "checkpoint.publish"  // PublishCheckpoint
	DecisionRecord     Kind = "decision.record"     // RecordDecision
	ControllerKeep     Kind = "controller.state"    // KeepState
	OperatorSet        Kind = "operator.set"        // SetOperator
	OperatorRemove     Kind = "operator.remove"     // RemoveOperator
	ClusterVersion     Kind = "cluster.version"     // RaiseVersion
	ProposalMake       Kind = "proposal.make"       // MakeProposal
	ProposalApprove    Kind = "proposal.approve"    // CloseProposal
	ProposalWithdraw   Kind = "proposal.withdraw"   // CloseProposal
	ChangeUndo         Kind = "change.undo"         // UndoChange
	IncidentOpen       Kind = "incident.open"       // OpenIncident
	IncidentUpdate     Kind = "incident.update"     // UpdateIncident
	HandoverNote       Kind = "handover.note"       // LeaveNote
	TrialRecord        Kind = "trial.record"        // RecordTrial
	MemberAdd          Kind = "member.add"          // AddMember
	MemberRemove       Kind = "member.remove"       // RemoveMember
)

// Command asks for one change of the plan.
type Command struct {
	Kind Kind `json:"kind"`
	// TimeMS is the author's time when the command was first sent; a retry
	// keeps it. A node fills in its own where it is 0.
	TimeMS int64 `json:"time_ms"`
	// StampMS is the leader's time when it took the command; only the leader
	// sets it.
	StampMS int64  `json:"stamp_ms"`
	Actor   string `json:"actor"`
	Reason  string `json:"reason,omitempty"`
	// RequestID makes a retry safe: within ten minutes the same id gets the
	// same answer and is applied once: see [RequestID]. Empty: not
	// deduplicated.
	RequestID string `json:"request_id,omitempty"`
	// Seen is the index of the plan a person looked at. The command is
	// refused with [ChangedSince] if its target changed after it; 0 asks for
	// no such check.
	Seen uint64 `json:"seen,omitempty"`
	// Term is the Raft term of the leader that gives the command; 0 for
	// everyone else. A term older than the plan has seen is refused.
	Term uint64          `json:"term,omitempty"`
	Body json.RawMessage `json:"body"`
}

// NewCommand makes a command of the given kind with the JSON of body.
func NewCommand(kind Kind, body any) (Command, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return Command{}, fmt.Errorf("encode body of %s: %w", kind, err)
	}
	return Command{Kind: kind, Body: encoded}, nil
}

// Result is the answer to a command, the same on every node.
type Result struct {
	OK bool `json:"ok"`
	// Code is stable; empty when OK.
	Code string `json:"code,omitempty"`
	// Detail is for people.
	Detail string `json:"detail,omitempty"`
	// Index is the Raft index under which the command was decided.
	Index uint64 `json:"index"`
}

// Codes of a refused command.
const (
	Malformed      = "malformed"       // the body does not decode or does not make sense
	NotFound       = "not_found"       // the target does not exist
	ChangedSince   = "changed_since"   // the target changed after the index seen
	StaleTerm      = "stale_term"      // a newer leader has spoken
	NotLeader      = "not_leader"      // a leader's command without a term
	TooOld         = "too_old"         // older than the request ids that are remembered
	RequestReused  = "request_reused"  // another request was made under the same id
	ClockAhead     = "clock_ahead"     // the author's clock is ahead of the leader's
	Gated          = "version_gated"   // not every node knows this command yet
	IllegalPhase   = "illegal_phase"   // the cohort's phase does not allow it
	NotApproved    = "not_approved"    // the opening has not been approved
	NotDrawn       = "not_drawn"       // the lobby's order has not been drawn
	BadSecret      = "bad_secret"      // the secret does not match the commitment
	TimeBackward   = "time_backward"   // a segment would begin before the one in force
	ClockDisagrees = "clock_disagrees" // the leader's clock and the gates' differ
	NoGate         = "no_gate"         // no gate has been heard of lately
	OutOfBounds    = "out_of_bounds"   // outside the configured bounds
	TooLarge       = "too_large"       // larger than the plan may hold
	ReasonMissing  = "reason_missing"  // a person's command without a reason
	Conflict       = "conflict"        // contradicts what is already recorded
	NeedsApproval  = "needs_approval"  // loosens, which takes two people
	SamePerson     = "same_person"     // the second person is the first
	NotAllowed     = "not_allowed"     // the person has not, or no longer, the role
)

// UnknownCommandError is a command this program does not know. A node that
// meets one in the log must stop: going on would let its plan diverge.
type UnknownCommandError struct{ Kind Kind }

func (e *UnknownCommandError) Error() string {
	return fmt.Sprintf("unknown command %q", string(e.Kind))
}
