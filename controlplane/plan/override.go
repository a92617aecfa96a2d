package plan

// Targets of an override.
const (
	TargetAdmission = "admission" // value in milli, over all open cohorts
	TargetReplicas  = "replicas"  // value in WAS processes
)

// Override is an operator's value for an actuator. It beats steering until it
// expires.
type Override struct {
	Revision
	Target  string `json:"target"`
	Value   int64  `json:"value"`
	Owner   string `json:"owner"`
	Reason  string `json:"reason"`
	SetMS   int64  `json:"set_ms"`
	UntilMS int64  `json:"until_ms"`
}

// SetOverride is the body of override.set; owner and reason are the
// command's.
type SetOverride struct {
	Target  string `json:"target"`
	Value   int64  `json:"value"`
	UntilMS int64  `json:"until_ms"`
}

// ClearOverride is the body of override.clear.
type ClearOverride struct {
	Target string `json:"target"`
}

// maxOverrideMS is the longest an override can last: whoever still wants it
// tomorrow should say so tomorrow.
const maxOverrideMS = 24 * 3600 * 1000

// OverrideAt is the override of a target that is in force at nowMS.
func (p *Plan) OverrideAt(target string, nowMS int64) (Override, bool) {
	o, ok := p.Overrides[target]
	return o, ok && nowMS < o.UntilMS
}

func setOverride(d *draft, b SetOverride) error {
	low, high := d.Admission.MinMilli, d.Admission.MaxMilli
	switch b.Target {
	case TargetAdmission:
	case TargetReplicas:
		low, high = int64(d.Replicas.Min), int64(d.Replicas.Max)
	default:
		return refuse(NotFound, "nothing called %q can be overridden", b.Target)
	}
	if err := d.unchanged(d.Overrides[b.Target].Revision); err != nil {
		return err
	}
	switch {
	case b.Value < low || b.Value > high:
		return refuse(OutOfBounds, "%d is not within %d to %d", b.Value, low, high)
	case b.UntilMS <= d.ClockMS || b.UntilMS > d.ClockMS+maxOverrideMS:
		return refuse(OutOfBounds, "an override expires within 24 hours")
	}
	put(&d.Overrides, b.Target, Override{
		Revision: d.now(), Target: b.Target, Value: b.Value,
		Owner: d.command.Actor, Reason: d.command.Reason, SetMS: d.ClockMS, UntilMS: b.UntilMS,
	})
	return nil
}

func clearOverride(d *draft, b ClearOverride) error {
	o, ok := d.Overrides[b.Target]
	if !ok {
		return refuse(NotFound, "%q is not overridden", b.Target)
	}
	if err := d.unchanged(o.Revision); err != nil {
		return err
	}
	drop(&d.Overrides, b.Target)
	return nil
}
