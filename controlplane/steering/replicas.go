package steering

import "math"

// scaleState is what scaling remembers.
type scaleState struct {
	SurplusSince int64 `json:"surplus_since_ms"`
	ChangedMS    int64 `json:"changed_ms"`
	RecordedMS   int64 `json:"recorded_ms"`
	StartedMS    int64 `json:"started_ms"` // when the replicas now starting were asked for
}

// scaling is what the WAS pool should be.
type scaling struct {
	replicas int
	needed   float64 // requests a second the pool must carry
	each     float64 // requests a second one replica carries
	reason   Sentence
}

// scale sizes the pool for the load that the other resources could let through
// and the line could bring. A pool that is not itself the tightest resource is
// never grown: behind a slow backend more WAS only make the queue longer.
func scale(cfg Config, s *State, in Inputs, f forecast, w wish, was int, capacity []float64, t trust) scaling {
	each := s.Estimates[was].Believed
	current := in.Replicas.Desired
	out := scaling{replicas: current, each: each}
	if each <= 0 || f.perCall[was] <= 0 {
		return out
	}
	// Before anybody is inside, hope is all there is, and a WAS too few costs the
	// opening. Afterwards the pool must be the tightest resource and carry a real
	// load, and the others count for little more than they have proved.
	empty := !(in.Line.Sessions >= 1)
	e := &s.Estimates[was]
	tightest := w.resource == was && e.Smooth >= wasLoaded*each
	ahead := provedAhead
	if e.Press >= pressStep/2 {
		ahead = shortAhead
	}

	perCall := f.perCall[was] * s.Estimates[was].Ratio
	others := math.Inf(1)
	for r, hoped := range capacity {
		if r == was || f.perCall[r] <= 0 {
			continue
		}
		if !empty {
			hoped = min(hoped, ahead*s.Estimates[r].Proved)
		}
		others = min(others, hoped/(f.perCall[r]*s.Estimates[r].Ratio))
	}
	demand := min(others, in.Admission.Max)
	if soon := s.comingPeople(cfg, in); soon == 0 {
		demand = 0
	} else {
		demand = min(demand, soon/f.horizon[was])
	}
	now := 0.0
	for _, load := range f.load[was] {
		now += load / f.horizon[was] / perCall
	}
	demand = max(demand, min(now, others))
	out.needed = demand * perCall
	want := int(math.Ceil(out.needed * (1 + cfg.Replicas.Headroom) / each))
	want = int(in.Scaling.clamp(float64(want)))

	carried := float64(current) * each // also those still starting
	switch {
	case want > current && carried < clearlyLess*out.needed:
		if t == trustFull && (empty || tightest && s.settled(was)) {
			out.replicas = want
			out.reason = sentence("WAS 한 대가 %.0f건/s, 필요한 것은 %.0f건/s", "one WAS carries %.0f/s, %.0f/s are needed", each, out.needed)
		}
		s.Scale.SurplusSince = 0
	case want < current:
		out.replicas = s.shrink(cfg, in, want, t)
		if out.replicas < current {
			out.reason = sentence("%.0f건/s만 필요해 %d대면 충분", "%.0f/s are needed, %d WAS suffice", out.needed, out.replicas)
		}
	default:
		s.Scale.SurplusSince = 0
	}
	return out
}

// relieve forgets what was held back for the sake of the WAS: more of them are the
// answer to that, and whether they are too few still must show again.
func (s *State) relieve(cfg Config) {
	for i := range s.Estimates {
		if s.kind(cfg, i) == KindWAS {
			s.Estimates[i].Press = 0
		}
	}
}

// provedAhead is how far beyond what the others have proved the pool may go, its
// headroom apart.
const provedAhead = 1.1

// shortAhead is the same once the pool was strained for half a dead time: behind it
// the others can prove no more.
const shortAhead = 1.35

// clearlyLess than what is needed is more than the noise of both estimates.
const clearlyLess = 0.9

// wasLoaded is the share of its believed capacity a WAS must carry before more
// of them are started.
const wasLoaded = 0.5

// settled says whether no backend was strained for a dead time. Before, those it
// kept waiting come all at once, and a pool that is short only of them is not
// too small.
func (s *State) settled(was int) bool {
	for i := range s.Estimates {
		e := &s.Estimates[i]
		if i != was && e.Found && e.CalmMS < e.DeadMS {
			return false
		}
	}
	return true
}

// shrink waits out the surplus, then gives back a quarter of it at a time;
// never while latency is bad or telemetry old.
func (s *State) shrink(cfg Config, in Inputs, want int, t trust) int {
	current := in.Replicas.Desired
	strained := false
	for i := range s.Estimates {
		strained = strained || s.Estimates[i].Saturated || s.Estimates[i].Strikes > 0
	}
	if t != trustFull || strained || in.Replicas.Running < current {
		s.Scale.SurplusSince = 0
		return current
	}
	if s.Scale.SurplusSince == 0 {
		s.Scale.SurplusSince = in.NowMS
	}
	if in.NowMS-s.Scale.SurplusSince < cfg.Replicas.ShrinkMS {
		return current
	}
	s.Scale.SurplusSince = in.NowMS
	return current - max(1, (current-want)/4)
}

// comingPeople are those waiting in cohorts that are open or will be before a
// replica asked for now is warm.
func (s *State) comingPeople(cfg Config, in Inputs) float64 {
	sum := 0.0
	for _, c := range in.Cohorts {
		ahead := in.NowMS + cfg.Replicas.ColdStartMS + cfg.Replicas.AheadMS
		if (c.Open || c.Approved && c.OpenMS <= ahead) && (c.CloseMS == 0 || in.NowMS < c.CloseMS) {
			sum += c.callable()
		}
	}
	return sum
}
