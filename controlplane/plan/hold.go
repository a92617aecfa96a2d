package plan

// Hold stops admission for a cohort or, with scope [All], for everyone.
type Hold struct {
	Revision
	Scope   string `json:"scope"`
	Owner   string `json:"owner"`
	Reason  string `json:"reason"`
	SinceMS int64  `json:"since_ms"`
}

// SetHold is the body of hold.set; owner and reason are the command's.
type SetHold struct {
	Scope string `json:"scope"`
}

// ReleaseHold is the body of hold.release.
type ReleaseHold struct {
	Scope string `json:"scope"`
}

// Freeze keeps the controllers of one actuator, or of all, from changing
// anything but downwards.
type Freeze struct {
	Revision
	Scope   string `json:"scope"`
	Owner   string `json:"owner"`
	Reason  string `json:"reason"`
	SinceMS int64  `json:"since_ms"`
	UntilMS int64  `json:"until_ms"`
}

// SetFreeze is the body of freeze.set; scope is a target or [All].
type SetFreeze struct {
	Scope   string `json:"scope"`
	UntilMS int64  `json:"until_ms"`
}

// ReleaseFreeze is the body of freeze.release.
type ReleaseFreeze struct {
	Scope string `json:"scope"`
}

// Held reports whether admission to a cohort is on hold.
func (p *Plan) Held(cohort string) bool {
	_, everyone := p.Holds[All]
	_, one := p.Holds[cohort]
	return everyone || one
}

// FrozenAt reports whether the controllers of an actuator are frozen.
func (p *Plan) FrozenAt(target string, nowMS int64) bool {
	return nowMS < p.Freezes[All].UntilMS || nowMS < p.Freezes[target].UntilMS
}

// setHold stops the line in the same step, so that no gate sees the hold
// without its effect. Holding again changes nothing.
func setHold(d *draft, b SetHold) error {
	if _, ok := d.Cohorts[b.Scope]; !ok && b.Scope != All {
		return refuse(NotFound, "cohort %q", b.Scope)
	}
	if _, held := d.Holds[b.Scope]; held {
		return nil
	}
	put(&d.Holds, b.Scope, Hold{
		Revision: d.now(), Scope: b.Scope, Owner: d.command.Actor, Reason: d.command.Reason, SinceMS: d.ClockMS,
	})
	for id, c := range d.Cohorts {
		if c.Phase == Open && d.Held(id) {
			d.stop(c)
		}
	}
	return nil
}

func releaseHold(d *draft, b ReleaseHold) error {
	h, ok := d.Holds[b.Scope]
	if !ok {
		return refuse(NotFound, "%q is not on hold", b.Scope)
	}
	if err := d.unchanged(h.Revision); err != nil {
		return err
	}
	drop(&d.Holds, b.Scope)
	return nil
}

func setFreeze(d *draft, b SetFreeze) error {
	if b.Scope != All && b.Scope != TargetAdmission && b.Scope != TargetReplicas {
		return refuse(NotFound, "nothing called %q can be frozen", b.Scope)
	}
	if err := d.unchanged(d.Freezes[b.Scope].Revision); err != nil {
		return err
	}
	if b.UntilMS <= d.ClockMS || b.UntilMS > d.ClockMS+maxOverrideMS {
		return refuse(OutOfBounds, "a freeze expires within 24 hours")
	}
	put(&d.Freezes, b.Scope, Freeze{
		Revision: d.now(), Scope: b.Scope, Owner: d.command.Actor, Reason: d.command.Reason,
		SinceMS: d.ClockMS, UntilMS: b.UntilMS,
	})
	return nil
}

func releaseFreeze(d *draft, b ReleaseFreeze) error {
	f, ok := d.Freezes[b.Scope]
	if !ok {
		return refuse(NotFound, "%q is not frozen", b.Scope)
	}
	if err := d.unchanged(f.Revision); err != nil {
		return err
	}
	drop(&d.Freezes, b.Scope)
	return nil
}
