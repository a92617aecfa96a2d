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

// admit finds the highest rate that leaves no resource with more than a small
// queue at the horizon.
//
// The queue at the horizon is that of the worst stretch ending there (Lindley's
// recursion, written out): what comes in during the stretch less what can be
// served, and for the stretch that begins now also what is owed. So capacity
// that nobody can reach in time any more is not counted on, and work that will
// be done long before the horizon does no harm.
func admit(cfg Config, s *State, f forecast, capacity, provedCapacity []float64) wish {
	w := wish{rate: math.Inf(1), resource: -1, limits: make([]float64, len(capacity)), proved: math.Inf(1)}
	for r := range capacity {
		e := &s.Estimates[r]
		target := cfg.Admission.Rho * capacity[r]
		limit := math.Inf(1)
		load, unit, owed := 0.0, 0.0, 0.0
		for c := cells - 1; c >= 0; c-- {
			load += f.load[r][c] * e.Ratio
			unit += f.unit[r][c] * e.Ratio
			stretch := float64(cells-c) * f.cellS[r]
			if c == 0 {
				owed = e.soon(capacity[r])
			}
			if cells-c >= shortest && unit > 0 {
				limit = min(limit, max(0, target*(stretch+slackS)-load-owed)/unit)
			}
		}
		if share := min(1, max(0, owed/capacity[r]-drainLeast)/drainSpan); share > 0 && !math.IsInf(limit, 1) {
			limit -= share * max(0, limit-f.drain(r, e.Ratio, target, owed))
		}
		if f.perCall[r] > 0 {
			limit = e.soften(limit, target/(f.perCall[r]*e.Ratio), capacity[r])
		}
		w.limits[r] = limit
		if limit < w.rate {
			w.rate, w.resource = limit, r
			w.committed = (load + e.wants()) / max(target*f.horizon[r], 1e-9)
		}
		if f.perCall[r] > 0 {
			w.proved = min(w.proved, cfg.Admission.Rho*provedCapacity[r]/(f.perCall[r]*e.Ratio))
		}
	}
	return w
}

// soon is what is owed and comes before the horizon. More than two minutes of it is an
// error of the account.
func (e *estimate) soon(capacity float64) float64 {
	owed := e.wants()
	knocks := min(owed, e.Backlog)
	return min(knocks+owedSoon*(owed-knocks), 120*capacity)
}

// drain is the rate at which what is owed to r is done some time before the horizon:
// until it is, those who come next are held as well.
func (f forecast) drain(r int, ratio, target, owed float64) float64 {
	load, unit := 0.0, 0.0
	for c := range drained {
		load += f.load[r][c] * ratio
		unit += f.unit[r][c] * ratio
	}
	if unit <= 0 {
		return math.Inf(1)
	}
	return max(0, target*(drained*f.cellS[r]+slackS)-load-owed) / unit
}

// soften takes back what the plan for the horizon would do about small departures
// from the rate that the resource carries for good: most of them are noise, the
// load settles by itself, and whoever corrects each one swings. The more people
// are held, the more of what is too much is answered in full.
func (e *estimate) soften(limit, steady, capacity float64) float64 {
	switch {
	case !(steady > 0):
		return limit
	case e.Out && limit > steady:
		return steady // an empty house must not make a probe of what was dark any bolder
	case math.IsInf(limit, 1):
		return limit
	}
	off := limit/steady - 1
	soft := off * math.Abs(off) / (math.Abs(off) + smallDeparture)
	if e.Found {
		soft = min(soft, refill)
	}
	if off < 0 {
		soft += (off - soft) * min(1, e.wants()/(owedMuch*capacity))
	}
	return steady * (1 + soft)
}

const (
	// smallDeparture from the steady rate is halved.
	smallDeparture = 0.1
	// refill is how far beyond the steady rate an empty house is filled, once it is
	// known how little more would be too much.
	refill = 0.2
	// owedMuch seconds of the capacity owed call for the full answer.
	owedMuch = 4
	// owedSoon is the share of owed work that comes before the horizon, beside
	// what already knocks: held people think again before each further page.
	owedSoon = 0.8
	// drained is the cell by whose beginning what is owed shall be done, where it is
	// more than drainLeast seconds of the capacity.
	drained    = 18
	drainLeast = 0.5
	drainSpan  = 2
	shortest   = 4    // cells in a stretch: one cell alone is mostly noise
	slackS     = 1.35 // seconds of queue at the horizon: the noise of whole people
)
