package plan

// Admission is how fast people are let in, over all open cohorts together.
type Admission struct {
	Revision
	// RateMilli is the rate while nothing steers it.
	RateMilli int64 `json:"rate_milli"`
	// MinMilli and MaxMilli bound what steering and overrides may ask for.
	MinMilli int64 `json:"min_milli"`
	MaxMilli int64 `json:"max_milli"`
	// FloorMilli and TauMS are where and how fast a gate without a control
	// plane decays.
	FloorMilli int64 `json:"floor_milli"`
	TauMS      int64 `json:"tau_ms"`
	Mode       Mode  `json:"mode"`
}

var defaultAdmission = Admission{
	RateMilli: 10_000, MaxMilli: 1_000_000, FloorMilli: 1_000, TauMS: 30_000, Mode: Auto,
}

// Mode is how much an actuator may do by itself.
type Mode string

// The modes. In each but Off decreases are automatic.
const (
	Off     Mode = "off"
	Advise  Mode = "advise"
	Approve Mode = "approve"
	Auto    Mode = "auto"
)

// ConfigureAdmission is the body of admission.configure; what is nil stays.
type ConfigureAdmission struct {
	RateMilli  *int64 `json:"rate_milli,omitempty"`
	MinMilli   *int64 `json:"min_milli,omitempty"`
	MaxMilli   *int64 `json:"max_milli,omitempty"`
	FloorMilli *int64 `json:"floor_milli,omitempty"`
	TauMS      *int64 `json:"tau_ms,omitempty"`
	Mode       *Mode  `json:"mode,omitempty"`
}

func configureAdmission(d *draft, b ConfigureAdmission) error {
	a := d.Admission
	if err := d.unchanged(a.Revision); err != nil {
		return err
	}
	set(&a.RateMilli, b.RateMilli)
	set(&a.MinMilli, b.MinMilli)
	set(&a.MaxMilli, b.MaxMilli)
	set(&a.FloorMilli, b.FloorMilli)
	set(&a.TauMS, b.TauMS)
	set(&a.Mode, b.Mode)
	switch {
	case a.MinMilli < 0 || a.MaxMilli < a.MinMilli || a.MaxMilli > maxRateMilli:
		return refuse(OutOfBounds, "bounds %d to %d", a.MinMilli, a.MaxMilli)
	case a.RateMilli < a.MinMilli || a.RateMilli > a.MaxMilli:
		return refuse(OutOfBounds, "rate %d is not within %d to %d", a.RateMilli, a.MinMilli, a.MaxMilli)
	case a.FloorMilli < 0 || a.FloorMilli > a.MaxMilli:
		return refuse(OutOfBounds, "floor %d is not within 0 to %d", a.FloorMilli, a.MaxMilli)
	case a.TauMS < 0:
		return refuse(OutOfBounds, "decay time %d", a.TauMS)
	case !a.Mode.valid():
		return refuse(Malformed, "mode %q", a.Mode)
	}
	a.Revision = d.now()
	d.Admission = a
	return nil
}

// maxRateMilli keeps arithmetic on rates far from overflow: a million a second.
const maxRateMilli = 1_000_000_000

func (m Mode) valid() bool { return m == Off || m == Advise || m == Approve || m == Auto }

func set[V any](field *V, to *V) {
	if to != nil {
		*field = *to
	}
}

// TotalRate is the admission rate in force at nowMS over all open cohorts
// together, where wanted is what steering or configuration asks for: an
// override that has not expired beats it, and the bounds hold for both.
func (p *Plan) TotalRate(wanted, nowMS int64) int64 {
	if o, ok := p.OverrideAt(TargetAdmission, nowMS); ok {
		wanted = o.Value
	}
	return min(max(wanted, p.Admission.MinMilli), p.Admission.MaxMilli)
}

// RateOf is an open cohort's part of the total rate, by weight; nothing under
// a hold, and no more than before under a freeze that no override beats.
func (p *Plan) RateOf(cohort string, wanted, nowMS int64) int64 {
	if p.Held(cohort) {
		return 0
	}
	rate := p.share(cohort, p.TotalRate(wanted, nowMS))
	if _, overridden := p.OverrideAt(TargetAdmission, nowMS); !overridden && p.FrozenAt(TargetAdmission, nowMS) {
		if s, ok := p.Segments[cohort]; ok {
			rate = min(rate, s.Current.RateMilli)
		}
	}
	return rate
}

// share is what weight gives an open cohort of a total. A cohort on hold keeps
// its share: holding one back must not speed up the others.
func (p *Plan) share(cohort string, total int64) int64 {
	var own, all int64
	for id, c := range p.Cohorts {
		if c.Phase != Open {
			continue
		}
		all += int64(c.Weight)
		if id == cohort {
			own = int64(c.Weight)
		}
	}
	if own == 0 {
		return 0
	}
	return total * own / all
}
