package steering

import (
	"math"
	"strings"
)

// recordEveryMS spaces records of things that did not happen.
const recordEveryMS = 30_000

// steerRate puts the admission rate in force and records why.
func (s *State) steerRate(cfg Config, in Inputs, f forecast, w wish, t trust, why string, ageMS int64) []Decision {
	v := s.authorise(cfg, in, w, t, why)
	asked := s.Output.Rate
	s.Output.Rate = v.rate
	s.Output.Shares = shares(v.rate, in.Cohorts, in.NowMS)
	s.Output.Limited = ""
	if w.resource >= 0 {
		s.Output.Limited = s.Names[w.resource]
	}
	if s.Rate.Term != in.Term {
		// What the last leader told since it kept its state is not known here.
		s.Rate.Term, s.Rate.Told = in.Term, in.Admission.Current
	}
	from, worth := s.worth(in, v.rate, asked, w.proved)
	if !worth {
		return nil
	}
	action := ActionHold
	applied := math.Abs(v.rate-in.Admission.Current) > 1e-9
	switch {
	case applied && v.rate > from:
		action = ActionRaise
	case applied:
		action = ActionLower
	case w.rate <= v.rate*1.05 || len(v.clamps) == 0:
		return nil // content
	case has(v.clamps, clampMode) || has(v.clamps, clampApproval):
		action = ActionPropose
	}
	if !applied || t == trustBlind || has(v.clamps, clampOverride) && action == ActionHold {
		// Decay and refusal go on for a while; one record tells it.
		key := string(action) + strings.Join(v.clamps, ",")
		if key == s.Rate.Recorded && in.NowMS-s.Rate.RecordedMS < recordEveryMS {
			return nil
		}
		s.Rate.Recorded, s.Rate.RecordedMS = key, in.NowMS
	}
	if applied {
		s.Rate.Told = v.rate
	}
	d := s.record(in, ActuatorAdmission, action)
	d.From, d.To, d.Applied = round(from), round(v.rate), applied
	if action == ActionPropose {
		d.To = round(min(w.rate, in.Admission.Max))
	}
	d.Clamps, d.Unclamped = v.clamps, round(min(w.rate, 1e9))
	s.explain(cfg, &d, in, w, f, ageMS)
	d.Because = s.because(cfg, in, w, v)
	d.Predicted = s.predict(f, w.resource, v.rate, in.NowMS)
	s.await(d)
	return []Decision{d}
}

// worth says whether a rate may be worth a record, and which rate it is told
// from: the one in force, or for trims of renewals, that add up to one, the one
// last told. asked is the rate of the step before.
func (s *State) worth(in Inputs, rate, asked, proved float64) (from float64, ok bool) {
	current := in.Admission.Current
	moved := math.Abs(rate - current)
	if moved > 2*trimShare*current {
		s.Rate.ChangedMS = in.NowMS
		if rate > current && !farBelow(current, proved) {
			s.Rate.Left = max(0, s.Rate.Left-1)
		}
		// What was told and is still on its way into force is no news.
		onItsWay := math.Abs(asked-current) > leastShare*current && math.Abs(rate-s.Rate.Told) <= leastShare*s.Rate.Told
		return current, anyOpen(in) && !onItsWay
	}
	if moved <= 1e-9 {
		return current, anyOpen(in)
	}
	return s.Rate.Told, anyOpen(in) && math.Abs(rate-s.Rate.Told) > toldShare*s.Rate.Told
}

// anyOpen says whether the rate is in force anywhere.
func anyOpen(in Inputs) bool {
	for _, c := range in.Cohorts {
		if c.Open {
			return true
		}
	}
	return false
}

const (
	// toldShare is the drift of the rate by trims that is put on record.
	toldShare = 0.05
	// leastShare of a rate is the least that counts as another rate.
	leastShare = 0.01
)

// explain fills in what the decision was taken from.
func (s *State) explain(cfg Config, d *Decision, in Inputs, w wish, f forecast, ageMS int64) {
	d.Inputs = []Evidence{
		{"line_waiting", round(in.Line.Waiting), in.Line.AgeMS},
		{"sessions", round(in.Line.Sessions), in.Line.AgeMS},
		{"oldest_signal", 0, ageMS},
	}
	for i, name := range s.Names {
		e := &s.Estimates[i]
		limit := -1.0
		if !math.IsInf(w.limits[i], 1) {
			limit = round(w.limits[i])
		}
		d.Estimates = append(d.Estimates, Estimate{
			Resource: name, Proved: round(e.Proved), Believed: round(e.Believed),
			Confidence: round(e.confidence()), Limit: limit, Saturated: e.Saturated, Each: s.kind(cfg, i) == KindWAS,
		})
	}
	if r := w.resource; r >= 0 {
		d.Bottleneck = s.Names[r]
		d.Inputs = append(d.Inputs,
			Evidence{d.Bottleneck + "_throughput", round(s.Estimates[r].Sight.Last[0]), in.NowMS - s.Estimates[r].Sight.SeenMS},
			Evidence{d.Bottleneck + "_held", round(s.Estimates[r].Backlog), in.NowMS - s.Estimates[r].Sight.SeenMS},
		)
		d.Stages = []Stage{
			{"inventory_share", round(w.committed)},
			{"requests_per_call", round(f.perCall[r] * s.Estimates[r].Ratio)},
			{"capacity", round(s.Estimates[r].Believed)},
		}
	}
	d.Stages = append(d.Stages, Stage{"wished", round(min(w.rate, 1e9))}, Stage{"allowed", round(d.To)})
}

// steerReplicas sizes the WAS pool.
func (s *State) steerReplicas(cfg Config, in Inputs, f forecast, w wish, was int, capacity []float64, t trust) []Decision {
	c := in.Scaling
	s.Output.Replicas = in.Replicas.Desired
	if was < 0 {
		return nil
	}
	mode := c.Mode
	if c.overridden(in.NowMS) {
		s.Output.Replicas = int(c.clamp(c.Override.Value))
		return nil
	}
	want := scale(cfg, s, in, f, w, was, capacity, t)
	if want.replicas == in.Replicas.Desired || mode == ModeOff {
		return nil
	}
	d := s.record(in, ActuatorReplicas, ActionRaise)
	d.From, d.To, d.Unclamped = float64(in.Replicas.Desired), float64(want.replicas), float64(want.replicas)
	d.Because, d.Applied = want.reason, true
	s.explain(cfg, &d, in, w, f, in.NowMS-s.Estimates[was].Sight.SeenMS)
	d.Stages = []Stage{{"needed", round(want.needed)}, {"one_carries", round(want.each)}}
	if want.replicas < in.Replicas.Desired {
		d.Action = ActionLower
	}
	allowed := mode == ModeAuto || mode == "" ||
		mode == ModeApprove && c.Approved != nil && *c.Approved >= d.To || d.Action == ActionLower
	if d.Action == ActionRaise && in.Freeze {
		allowed = false
		d.Clamps = []string{clampFreeze}
	}
	if !allowed {
		d.Action, d.Applied = ActionPropose, false
		if s.Scale.RecordedMS > 0 && in.NowMS-s.Scale.RecordedMS < recordEveryMS {
			return nil
		}
		s.Scale.RecordedMS = in.NowMS
		return []Decision{d}
	}
	s.Output.Replicas = want.replicas
	s.Scale.ChangedMS = in.NowMS
	if d.Action == ActionRaise {
		s.Scale.StartedMS = in.NowMS
	}
	return []Decision{d}
}

// steerCohorts opens what is due and closes what is over.
func (s *State) steerCohorts(in Inputs, w wish, t trust) []Decision {
	var out []Decision
	s.Output.Open = s.Output.Open[:0:0]
	for _, c := range in.Cohorts {
		over := c.CloseMS > 0 && in.NowMS >= c.CloseMS
		due := !c.Open && in.NowMS >= c.OpenMS && !over
		ok, because := false, Sentence{}
		if due {
			ok, because = opening(s, in, c, t, w)
		}
		manual := in.Opening.Mode == ModeOff || in.Opening.Mode == ModeAdvise ||
			in.Opening.Mode == ModeApprove && in.Opening.Approved == nil
		stays := c.Open && !over
		if stays || due && ok && !manual {
			s.Output.Open = append(s.Output.Open, c.ID)
		}
		action := ActionHold
		switch {
		case c.Open && over:
			action, because = ActionClose, sentence("마감 시각", "closing time")
		case due && ok && manual:
			action = ActionPropose
		case due && ok:
			action = ActionOpen
		case !due:
			continue
		}
		if action == ActionHold || action == ActionPropose {
			key := c.ID + string(action) + because.En
			if key == s.Opening.Recorded && in.NowMS-s.Opening.RecordedMS < recordEveryMS {
				continue
			}
			s.Opening = recorded{RecordedMS: in.NowMS, Recorded: key}
		}
		if action == ActionOpen && !s.announce(c) {
			continue
		}
		d := s.record(in, ActuatorCohort, action)
		d.Cohort, d.Because, d.Applied = c.ID, because, action == ActionOpen || action == ActionClose
		out = append(out, d)
	}
	return out
}

// announce says whether a cohort's opening has not been told yet, and books it:
// until the plan has it the cohort is still due, but that is no second opening.
// Another hour is another opening.
func (s *State) announce(c Cohort) bool {
	if at, told := s.Opened[c.ID]; told && at == c.OpenMS {
		return false
	}
	opened := map[string]int64{c.ID: c.OpenMS}
	for id, at := range s.Opened {
		if id != c.ID {
			opened[id] = at
		}
	}
	s.Opened = opened
	return true
}

func (s *State) record(in Inputs, actuator string, action Action) Decision {
	s.Sequence++
	return Decision{ID: s.Sequence, TimeMS: in.NowMS, Actuator: actuator, Action: action}
}

func has(list []string, name string) bool {
	for _, v := range list {
		if v == name {
			return true
		}
	}
	return false
}

// round keeps records short: three digits after the point.
func round(v float64) float64 {
	if !(math.Abs(v) < 1e12) {
		return 0
	}
	return math.Round(v*1000) / 1000
}
