package steering

import "math"

// trustState remembers how well predictions came true.
type trustState struct {
	Misses  int       `json:"misses"`
	Demoted bool      `json:"demoted"`
	Epoch   uint64    `json:"epoch"` // of the mode that was demoted
	Pending []pending `json:"pending"`
}

// mode is the one in force: a demoted actuator only advises until a person sets
// its mode again.
func (s *State) mode(c Control) Mode {
	if s.Trust.Demoted && s.Trust.Epoch == c.Epoch && c.Mode != ModeOff {
		return ModeAdvise
	}
	s.Trust.Demoted = false
	if c.Mode == "" {
		return ModeAuto
	}
	return c.Mode
}

// verdict is the rate that may be put in force and what stood in the way of
// the wish.
type verdict struct {
	rate   float64
	clamps []string
}

func (v *verdict) clamp(name string, rate float64) {
	if name != "" {
		v.clamps = append(v.clamps, name)
	}
	v.rate = rate
}

// authorise turns the wished rate into one that may be put in force. Whatever is
// uncertain only ever keeps the rate from rising; nothing keeps it from falling,
// except an override and the hard lower bound.
func (s *State) authorise(cfg Config, in Inputs, w wish, t trust, why string) verdict {
	c := in.Admission
	current := c.clamp(c.Current)
	mode := s.mode(c)
	v := verdict{rate: w.rate}
	if w.rate > c.Max {
		v.clamp(clampMax, c.Max)
	}
	if w.rate < c.Min {
		v.clamp(clampMin, c.Min)
	}
	switch {
	case in.Pause:
		v.clamp(clampPause, 0)
		return v
	case c.overridden(in.NowMS):
		v.clamp(clampOverride, c.clamp(c.Override.Value))
		s.Rate.HandedBackMS, s.Rate.ChangedMS = in.NowMS, in.NowMS
		return v
	case mode == ModeOff:
		v.clamp(clampMode, current)
		return v
	case t == trustBlind:
		v.clamp(why, min(v.rate, decayed(current, max(c.Min, c.Floor), cfg.PeriodMS, cfg.Admission.DecayMS)))
		return v
	}
	if v.rate <= current {
		s.lower(cfg, in, w, current, &v)
		return v
	}
	if !(in.Line.Waiting > 0) && s.comingPeople(cfg, in) == 0 {
		// With nobody to let in, a higher rate would be backed by nothing.
		return verdict{rate: current}
	}
	s.raise(cfg, in, w, current, mode, t, why, &v)
	return v
}

// raise passes an increase through everything that may forbid or slow it.
func (s *State) raise(cfg Config, in Inputs, w wish, current float64, mode Mode, t trust, why string, v *verdict) {
	strained := false
	for i := range s.Estimates {
		e := &s.Estimates[i]
		stalled := e.Sight.Last[0] == 0 && e.Sight.Last[3] > 0 || e.hangs()
		strained = strained || !e.Sight.Trusted || stalled || e.Strikes > 0 && !e.Saturated
	}
	approved := in.Admission.Approved
	switch {
	case t != trustFull:
		v.clamp(why, current)
		return
	case in.Freeze:
		v.clamp(clampFreeze, current)
		return
	case s.Pool.lost():
		v.clamp(clampLost, current)
		return
	case strained:
		v.clamp(clampStrain, current)
		return
	case mode == ModeAdvise:
		v.clamp(clampMode, current)
		return
	case mode == ModeApprove && (approved == nil || *approved <= current):
		v.clamp(clampApproval, current)
		return
	case mode == ModeApprove && v.rate > *approved:
		v.clamp(clampApproval, *approved)
	}
	since := in.NowMS - s.Rate.ChangedMS
	if s.trim(cfg, w, v, current) {
		return
	}
	if s.Rate.left(cfg, in.NowMS) < 1 && !farBelow(current, w.proved) {
		v.clamp(clampBudget, current*(1+trimShare*float64(cfg.PeriodMS)/1000))
		return
	}
	// What was proved before may be added at the slew rate, whatever the present
	// rate is; a long wait does not save up for a jump.
	allowed := current + cfg.Admission.SlewPerS*w.proved*float64(min(since, slewBurstMS))/1000
	if v.rate > allowed {
		v.clamp(clampSlew, allowed)
	}
}

// farBelow says whether a rate is far below what is proved. There an increase
// costs no budget: a bad hour that used it up must not leave the house empty, too.
func farBelow(rate, proved float64) bool { return rate < lowShare*proved }

// slewBurstMS is how much waiting time a single increase may use up.
const slewBurstMS = 5000

// lower lets the rate fall at once when it matters and gathers small decreases.
func (s *State) lower(cfg Config, in Inputs, w wish, current float64, v *verdict) {
	if s.trim(cfg, w, v, current) {
		return
	}
	// After an override the way down is a slope, unless something suffers.
	if back := in.NowMS - s.Rate.HandedBackMS; s.Rate.HandedBackMS > 0 && back < handBackMS && !s.suffering() {
		slope := current - cfg.Admission.SlewPerS*max(w.proved, current)*float64(cfg.PeriodMS)/1000
		if v.rate < slope {
			v.clamp(clampSlew, slope)
		}
	}
}

const handBackMS = 30_000

func (s *State) suffering() bool {
	for i := range s.Estimates {
		if s.Estimates[i].Saturated || s.Estimates[i].Strikes > 0 {
			return true
		}
	}
	return false
}

// trim lets a small difference into the next renewal of the segment: at most
// trimShare a second, so that the rate glides rather than steps. Anything larger
// is a change, and is decided as one. Near zero, small is measured by what the
// proved capacities would carry.
func (s *State) trim(cfg Config, w wish, v *verdict, current float64) bool {
	scale := max(current, lowShare*w.proved)
	off := math.Abs(v.rate - current)
	if off > s.deadband(cfg)*scale {
		s.Rate.Gliding = true
		return false
	}
	// Noise moves nothing: a glide begins when the wish is clearly another, and
	// ends when it is reached.
	s.Rate.Gliding = off > departs*scale || s.Rate.Gliding && off > arrived*scale
	if !s.Rate.Gliding {
		v.rate = current
		return true
	}
	most := trimShare * current * float64(cfg.PeriodMS) / 1000
	v.rate = current + max(-most, min(most, v.rate-current))
	return true
}

// deadband is the relative change that is worth a step. It widens as the budget
// is used up, so that the budget is spent on what matters.
func (s *State) deadband(cfg Config) float64 {
	return 0.06 + 0.2*(1-s.Rate.Left/budgetBurst(cfg))
}

const (
	departs = 0.025 // share of the rate at which a glide begins
	arrived = 0.005 // and ends
)

// lowShare of the proved rate is where a rate is so low that changes are
// measured by that instead.
const lowShare = 0.25

// trimShare of the rate is the most a renewal changes it by in a second.
const trimShare = 0.013

// rateState is what the admission rate remembers between steps.
type rateState struct {
	Wished       float64 `json:"wished"` // smoothed
	Told         float64 `json:"told"`   // at the last record
	Term         uint64  `json:"term"`   // of the leader that told it
	ChangedMS    int64   `json:"changed_ms"`
	Left         float64 `json:"left"` // increases the budget still holds
	LeftMS       int64   `json:"left_ms"`
	Gliding      bool    `json:"gliding"` // on its way to the wish
	HandedBackMS int64   `json:"handed_back_ms"`
	RecordedMS   int64   `json:"recorded_ms"` // last hold or proposal on record
	Recorded     string  `json:"recorded"`
}

// budgetBurst increases may come at once; the rest of the hour's budget comes
// back evenly, so that no hour sees more than the whole of it and a busy minute
// never silences the controller for long.
func budgetBurst(cfg Config) float64 {
	return max(1, float64(cfg.Admission.ChangesPerHour)/3)
}

func (r *rateState) left(cfg Config, nowMS int64) float64 {
	const hour = 3_600_000
	burst := budgetBurst(cfg)
	if r.LeftMS == 0 {
		r.Left = burst
	}
	gain := float64(nowMS-r.LeftMS) / hour * (float64(cfg.Admission.ChangesPerHour) - burst)
	r.Left = min(burst, r.Left+max(0, gain))
	r.LeftMS = nowMS
	return r.Left
}

// smooth takes the noise out of a wish. A big change is no noise.
func (r *rateState) smooth(wished float64, periodMS, deadMS int64) float64 {
	if math.IsInf(wished, 1) || math.Abs(wished-r.Wished) > 0.3*r.Wished {
		r.Wished = wished
		return wished
	}
	r.Wished += (wished - r.Wished) * min(1, 10*float64(periodMS)/float64(deadMS))
	return r.Wished
}
