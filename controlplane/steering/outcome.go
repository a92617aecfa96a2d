package steering

import "math"

// pending is a prediction whose time has not come.
type pending struct {
	ID         uint64     `json:"id"`
	Predicted  Prediction `json:"predicted"`
	Rate       float64    `json:"rate"` // admission rate it assumed
	Sum        float64    `json:"sum"`
	Samples    int        `json:"samples"`
	Superseded bool       `json:"superseded"`
}

const (
	maxPending = 6
	// missesToDemote predictions in a row, each wrong by more than missShare,
	// show that the model does not describe tonight.
	missesToDemote = 6
	missShare      = 0.6
)

// predict is the mean request rate at resource r over the second half of the
// horizon, should rate stay in force.
func (s *State) predict(f forecast, r int, rate float64, nowMS int64) *Prediction {
	if r < 0 {
		return nil
	}
	span := f.horizon[r] / 2
	mean := 0.0
	for c := cells / 2; c < cells; c++ {
		mean += (f.load[r][c] + rate*f.unit[r][c]) * s.Estimates[r].Ratio / span
	}
	return &Prediction{
		Resource: s.Names[r], Rate: math.Round(mean*100) / 100,
		FromMS: nowMS + int64(span*1000), ToMS: nowMS + int64(2*span*1000),
	}
}

// await remembers a prediction. Changing the rate breaks the assumption of the
// earlier ones: they are reported, but not held against the model.
func (s *State) await(d Decision) {
	if d.Predicted == nil || !d.Applied {
		return
	}
	for i := range s.Trust.Pending {
		p := &s.Trust.Pending[i]
		if math.Abs(p.Rate-d.To) > 0.1*p.Rate {
			p.Superseded = true
		}
	}
	s.Trust.Pending = append(s.Trust.Pending, pending{ID: d.ID, Predicted: *d.Predicted, Rate: d.To})
	if n := len(s.Trust.Pending); n > maxPending {
		s.Trust.Pending = s.Trust.Pending[n-maxPending:]
	}
}

// settle compares due predictions with what came and demotes the actuator when
// they keep failing. A saturated resource serves its capacity, and a dark one
// nothing, whatever was asked of it, so that says nothing about the model.
func (s *State) settle(cfg Config, in Inputs, demand []float64) []Decision {
	var out []Decision
	kept := s.Trust.Pending[:0]
	for _, p := range s.Trust.Pending {
		r := s.index(p.Predicted.Resource)
		if r >= 0 && in.NowMS >= p.Predicted.FromMS && usable(demand[r]) {
			p.Sum += demand[r]
			p.Samples++
			p.Superseded = p.Superseded || s.Estimates[r].Saturated || s.Estimates[r].Out
		}
		if in.NowMS < p.Predicted.ToMS {
			kept = append(kept, p)
			continue
		}
		if p.Samples == 0 {
			continue
		}
		measured := math.Round(p.Sum/float64(p.Samples)*100) / 100
		predicted := p.Predicted
		d := s.record(in, ActuatorAdmission, ActionOutcome)
		d.Of, d.Measured, d.Predicted, d.Bottleneck = p.ID, &measured, &predicted, predicted.Resource
		d.From, d.To = p.Rate, in.Admission.Current
		d.Because = sentence("%s에 %.0f건/s를 예상했고 %.0f건/s가 왔음", "at %s %.0f/s were expected, %.0f/s came", title(predicted.Resource), predicted.Rate, measured)
		out = append(out, d)
		if !p.Superseded {
			out = append(out, s.judge(in, predicted.Rate, measured)...)
		}
	}
	s.Trust.Pending = kept
	return out
}

func (s *State) judge(in Inputs, predicted, measured float64) []Decision {
	wrong := math.Abs(measured-predicted) > missShare*max(predicted, measured) && math.Abs(measured-predicted) > 10
	if !wrong {
		s.Trust.Misses = 0
		return nil
	}
	s.Trust.Misses++
	if s.Trust.Misses < missesToDemote || s.Trust.Demoted {
		return nil
	}
	s.Trust = trustState{Demoted: true, Epoch: in.Admission.Epoch}
	d := s.record(in, ActuatorAdmission, ActionDemote)
	d.From, d.To, d.Applied = in.Admission.Current, in.Admission.Current, true
	d.Because = sentence("예측이 %d번 연속 빗나가 제안만 하도록 낮춤", "%d predictions in a row failed; from now on it only advises", missesToDemote)
	return []Decision{d}
}
