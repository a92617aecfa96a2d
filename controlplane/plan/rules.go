package plan

import "encoding/json"

// rule says what a kind of command does and who may give it.
type rule struct {
	// since is the version of the cluster that first knows the kind.
	since int
	// leader marks a kind only the leader gives, with its term.
	leader bool
	// reasoned marks a kind that needs a reason.
	reasoned bool
	apply    func(*draft) error
	// loosens tells whether a command, as the plan stands, takes two people;
	// nil: never.
	loosens func(*draft) bool
	// limit is how large a body may be, in bytes; 0: [usualBody]. With the
	// number of entries it bounds a section, whatever texts they hold.
	limit int
	// inverse makes the command that takes one back which was applied to
	// before; nil: there is none.
	inverse func(before *Plan, body json.RawMessage) (Kind, any)
}

// usualBody is enough for what has no text of its own.
const usualBody = 4 << 10

func (r rule) maxBody() int {
	if r.limit == 0 {
		return usualBody
	}
	return r.limit
}

var rules = map[Kind]rule{
	CohortDefine:       {since: 1, apply: body(defineCohort)},
	CohortApprove:      {since: 1, apply: body(approveCohort)},
	CohortPhase:        {since: 1, apply: body(movePhase), loosens: loosening(opens), inverse: inverse(unmovePhase)},
	CohortPostpone:     {since: 1, reasoned: true, apply: body(postponeCohort)},
	DrawSeal:           {since: 1, apply: body(sealDraw)},
	DrawReveal:         {since: 1, apply: body(revealDraw)},
	DrawValue:          {since: 1, apply: body(nameValue)},
	PassesVoid:         {since: 1, reasoned: true, apply: body(voidPasses)},
	SegmentRenew:       {since: 1, leader: true, apply: body(renewSegment)},
	LineReport:         {since: 1, apply: body(reportLine)},
	AdmissionConfigure: {since: 1, apply: body(configureAdmission), loosens: loosening(widens), inverse: inverse(unconfigure)},
	OverrideSet:        {since: 1, reasoned: true, apply: body(setOverride), inverse: inverse(unsetOverride)},
	OverrideClear:      {since: 1, apply: body(clearOverride), inverse: inverse(unclearOverride)},
	HoldSet:            {since: 1, apply: body(setHold), inverse: inverse(unsetHold)},
	HoldRelease:        {since: 1, apply: body(releaseHold), loosens: always, inverse: inverse(unreleaseHold)},
	FreezeSet:          {since: 1, apply: body(setFreeze), inverse: inverse(unsetFreeze)},
	FreezeRelease:      {since: 1, apply: body(releaseFreeze), loosens: always, inverse: inverse(unreleaseFreeze)},
	ReplicasSet:        {since: 1, apply: body(setReplicas), loosens: loosening(widensReplicas), inverse: inverse(unsetReplicas)},
	InstanceRegister:   {since: 1, apply: body(registerInstance)},
	InstanceReport:     {since: 1, apply: body(reportInstance)},
	InstanceForget:     {since: 1, apply: body(forgetInstance)},
	PassRevoke:         {since: 1, reasoned: true, apply: body(revokePass)},
	CheckpointPublish:  {since: 1, limit: 2 * MaxCheckpoint, apply: body(publishCheckpoint)},
	DecisionRecord:     {since: 1, limit: 2 * MaxDecision, apply: body(recordDecision)},
	ControllerKeep:     {since: 1, leader: true, limit: MaxState + usualBody, apply: body(keepState)},
	OperatorSet:        {since: 1, apply: body(setOperator), loosens: loosening(grants)},
	OperatorRemove:     {since: 1, apply: body(removeOperator), loosens: loosening(disarms)},
	ClusterVersion:     {since: 1, apply: body(raiseVersion)},
	ProposalMake:       {since: 1, reasoned: true, limit: 2 * usualBody, apply: body(makeProposal)},
	ProposalApprove:    {since: 1, apply: body(approveProposal)},
	ProposalWithdraw:   {since: 1, apply: body(withdrawProposal)},
	ChangeUndo:         {since: 1, reasoned: true, apply: body(undoChange), loosens: loosening(undoLoosens)},
	IncidentOpen:       {since: 1, apply: body(openIncident)},
	IncidentUpdate:     {since: 1, limit: 2 * maxEntries * maxDraft, apply: body(updateIncident)},
	HandoverNote:       {since: 1, limit: 2 * maxDraft, apply: body(leaveNote)},
	TrialRecord:        {since: 1, reasoned: true, apply: body(recordTrial)},
	MemberAdd:          {since: 1, reasoned: true, apply: body(addMember), loosens: always},
	MemberRemove:       {since: 1, reasoned: true, apply: body(removeMember)},
}

// body decodes a command's body for its rule.
func body[B any](apply func(*draft, B) error) func(*draft) error {
	return func(d *draft) error {
		var b B
		if err := json.Unmarshal(d.command.Body, &b); err != nil {
			return refuse(Malformed, "decode body: %v", err)
		}
		return apply(d, b)
	}
}
