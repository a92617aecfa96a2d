package steering

import "math"

// wish is what admission would do, before authority is asked.
type wish struct {
	rate      float64
	resource  int // index of the bottleneck, -1 when nobody limits
	limits    []float64
	proved    float64 // rate that only proved capacities would carry
	committed float64 // share of the bottleneck's horizon already committed
}

// admit finds the highest rate under which no resource is asked for more than
// rho of what it can do, over every stretch from firstCell to the whole horizon.
//
// In the first part of the horizon a new call brings almost nothing, so no rate
// could help there; that stretch belongs to the local load gate.
func admit(cfg Config, s *State, f forecast, capacity, provedCapacity []float64) wish {
	w := wish{rate: math.Inf(1), resource: -1, limits: make([]float64, len(capacity)), proved: math.Inf(1)}
	for r := range capacity {
		e := &s.Estimates[r]
		limit := math.Inf(1)
		committed := 0.0
		for c := firstCell; c < cells; c++ {
			unit := f.unit[r][c] * e.Ratio
			if unit <= 0 {
				continue
			}
			work := cfg.Admission.Rho * capacity[r] * float64(c+1) * f.cellS
			load := f.load[r][c]*e.Ratio + e.owedWork(capacity[r])
			limit = min(limit, max(0, work-load)/unit)
			committed = load / max(work, 1e-9)
		}
		w.limits[r] = limit
		if limit < w.rate {
			w.rate, w.resource, w.committed = limit, r, committed
		}
		if f.perCall[r] > 0 {
			w.proved = min(w.proved, cfg.Admission.Rho*provedCapacity[r]/(f.perCall[r]*e.Ratio))
		}
	}
	return w
}

// owed work of the whole resource. More than two minutes of it is an error of
// the account rather than people.
func (e *estimate) owedWork(capacity float64) float64 {
	return min(e.Owed, 120*capacity)
}

// firstCell of the forecast that the rate answers for: from 70 % of the horizon.
const firstCell = cells * 7 / 10
