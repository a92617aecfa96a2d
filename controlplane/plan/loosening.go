package plan

import "encoding/json"

// Whoever tightens acts alone; whoever loosens needs a second person. What
// loosens is decided here, against the plan as it is when the command runs, so
// that no way into the plan goes around it.
//
// The rule is in force from when the plan names two commanders. Before that
// nobody could approve, and the token that came with the installation acts
// alone: it is how the first operators are named, and how a demonstration on
// one machine runs. A token that expires takes the rule out of force only when
// it was the last: nobody is left then who could act, or approve, but the
// installation, which names people anew.

// Paired reports whether loosening takes two people at nowMS.
func (p *Plan) Paired(nowMS int64) bool {
	able := false
	for _, o := range p.Operators {
		able = able || o.Role == Commander && o.validAt(nowMS)
	}
	return able && p.commanders("") >= 2
}

// commanders counts those who are named, but for one.
func (p *Plan) commanders(but string) int {
	n := 0
	for name, o := range p.Operators {
		if name != but && o.Role == Commander {
			n++
		}
	}
	return n
}

// alone refuses a person's command that loosens where two are needed, and that
// of somebody who only tightens, whichever way it comes: what an undo restores
// may loosen too. Leaders act by a timetable and bounds that two people have
// agreed to.
func (d *draft) alone(r rule) error {
	if r.loosens == nil || d.command.Term != 0 || !r.loosens(d) {
		return nil
	}
	who, known := d.Operators[d.command.Actor]
	switch {
	case d.Paired(d.ClockMS):
		return refuse(NeedsApproval, "%s loosens here: propose it, and have another person approve", d.command.Kind)
	case known && who.Role != Commander:
		return refuse(NotAllowed, "%s loosens here, which %s may propose", d.command.Kind, who.Name)
	}
	return nil
}

// loosening decodes a command's body for its question. A body that does not
// decode is refused when it is applied.
func loosening[B any](question func(*draft, B) bool) func(*draft) bool {
	return func(d *draft) bool {
		var b B
		return json.Unmarshal(d.command.Body, &b) == nil && question(d, b)
	}
}

func always(*draft) bool { return true }

func opens(_ *draft, b MovePhase) bool { return b.Phase == Open }

// widens tells whether hard bounds, or what is certified safe without a
// control plane, go up. The rate between the bounds is anyone's.
func widens(d *draft, b ConfigureAdmission) bool {
	return raises(b.MaxMilli, d.Admission.MaxMilli) || raises(b.MinMilli, d.Admission.MinMilli) ||
		raises(b.FloorMilli, d.Admission.FloorMilli)
}

func widensReplicas(d *draft, b SetReplicas) bool { return raises(b.Max, d.Replicas.Max) }

func raises[N int | int64](to *N, now N) bool { return to != nil && *to > now }

// grants tells whether anybody gets a role they did not have, or somebody
// else's name. Renewing one's own token keeps the role.
func grants(d *draft, b SetOperator) bool {
	before, known := d.Operators[b.Name]
	return !known || before.Role != b.Role || b.Name != d.command.Actor
}

// disarms tells whether too few would be left for the rule to be in force.
func disarms(d *draft, b RemoveOperator) bool { return d.commanders(b.Name) < 2 }
