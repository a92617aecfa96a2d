package plan

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Proposal is a command that waits for a second person.
type Proposal struct {
	Revision
	ID string `json:"id"`
	// Kind and Body are the command's, Seen the index its author looked at.
	Kind Kind            `json:"kind"`
	Body json.RawMessage `json:"body"`
	Seen uint64          `json:"seen,omitempty"`
	// By is who proposed it, Reason why.
	By     string `json:"by"`
	Reason string `json:"reason"`
	MadeMS int64  `json:"made_ms"`
	// UntilMS is when it lapses.
	UntilMS int64         `json:"until_ms"`
	State   ProposalState `json:"state"`
	// Closer approved or withdrew it.
	Closer   string `json:"closer,omitempty"`
	ClosedMS int64  `json:"closed_ms,omitempty"`
}

// ProposalState says what became of a proposal.
type ProposalState string

// The states of a proposal. One that nobody closed in time stays pending, and
// lapsed.
const (
	Pending   ProposalState = "pending"
	Approved  ProposalState = "approved"
	Withdrawn ProposalState = "withdrawn"
)

// MakeProposal is the body of proposal.make; author and reason are the
// command's. The proposal's id is in the detail of the result.
type MakeProposal struct {
	Kind    Kind            `json:"kind"`
	Body    json.RawMessage `json:"body"`
	UntilMS int64           `json:"until_ms"`
}

// CloseProposal is the body of proposal.approve and proposal.withdraw.
type CloseProposal struct {
	ID string `json:"id"`
}

const (
	maxProposals  = 256
	maxProposalMS = 24 * 3600 * 1000
)

func makeProposal(d *draft, b MakeProposal) error {
	inner, known := d.rules[b.Kind]
	switch {
	case !known || inner.loosens == nil:
		return refuse(Malformed, "%q does not need two people", string(b.Kind))
	case b.UntilMS <= d.ClockMS || b.UntilMS > d.ClockMS+maxProposalMS:
		return refuse(OutOfBounds, "a proposal lapses within 24 hours")
	case d.command.Actor == "":
		return refuse(Malformed, "a proposal names its author")
	}
	p := Proposal{
		Revision: d.now(), ID: fmt.Sprintf("p%d", d.Index), Kind: b.Kind, Body: b.Body, Seen: d.command.Seen,
		By: d.command.Actor, Reason: d.command.Reason, MadeMS: d.ClockMS, UntilMS: b.UntilMS, State: Pending,
	}
	// What is to be changed must still be as it was. Cohorts move on by their
	// timetable, so of them the phase decides.
	if p.Seen == 0 && p.Kind != CohortPhase {
		p.Seen = d.Index
	}
	if !d.roomForProposal() {
		return refuse(TooLarge, "%d proposals are pending", maxProposals)
	}
	put(&d.Proposals, p.ID, p)
	d.detail = p.ID
	return nil
}

// roomForProposal forgets the oldest proposal that is closed or lapsed where
// there are too many.
func (d *draft) roomForProposal() bool {
	if len(d.Proposals) < maxProposals {
		return true
	}
	oldest, found := Proposal{}, false
	for _, p := range d.Proposals {
		over := p.State != Pending || p.UntilMS <= d.ClockMS
		if over && (!found || p.Index < oldest.Index) {
			oldest, found = p, true
		}
	}
	if found {
		drop(&d.Proposals, oldest.ID)
	}
	return found
}

// pending finds a proposal that can still be closed.
func (d *draft) pending(id string) (Proposal, error) {
	p, ok := d.Proposals[id]
	switch {
	case !ok:
		return p, refuse(NotFound, "proposal %q", id)
	case p.State != Pending:
		return p, refuse(Conflict, "proposal %s is %s by %s", id, p.State, p.Closer)
	case p.UntilMS <= d.ClockMS:
		return p, refuse(TooOld, "proposal %s has lapsed", id)
	}
	return p, nil
}

// approveProposal runs the command now, in its author's name: everything it
// depends on is looked at anew, the author's own standing included. Where it
// is refused, so is the approval, and the proposal stays pending.
func approveProposal(d *draft, b CloseProposal) error {
	p, err := d.pending(b.ID)
	if err != nil {
		return err
	}
	switch {
	case d.command.Actor == p.By:
		return refuse(SamePerson, "%s cannot approve what they proposed", p.By)
	case !d.standing(d.command.Actor, Commander):
		return refuse(NotAllowed, "%s is no commander", d.command.Actor)
	case !d.standing(p.By, OnCall, Commander):
		return refuse(NotAllowed, "%s, who proposed it, is no operator any more", p.By)
	}
	approval := d.command
	d.command = Command{
		Kind: p.Kind, Body: p.Body, Actor: p.By, Reason: p.Reason, Seen: p.Seen,
		TimeMS: approval.TimeMS, StampMS: approval.StampMS,
	}
	err = d.perform(d.rules[p.Kind])
	d.command = approval
	if err != nil {
		return err
	}
	p.close(d, Approved)
	return nil
}

func withdrawProposal(d *draft, b CloseProposal) error {
	p, err := d.pending(b.ID)
	if err != nil {
		return err
	}
	p.close(d, Withdrawn)
	return nil
}

func (p Proposal) close(d *draft, state ProposalState) {
	p.Revision, p.State, p.Closer, p.ClosedMS = d.now(), state, d.command.Actor, d.ClockMS
	put(&d.Proposals, p.ID, p)
}

// standing tells whether a person still has one of the roles. Whoever holds
// the installation's token is no operator of the plan, and is one always.
func (d *draft) standing(name string, roles ...Role) bool {
	if name == Installation {
		return true
	}
	o, ok := d.Operators[name]
	return ok && o.validAt(d.ClockMS) && slices.Contains(roles, o.Role)
}
