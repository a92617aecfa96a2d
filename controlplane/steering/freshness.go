package steering

import "math"

// trust is how far the inputs may be acted upon.
type trust int

const (
	trustFull    trust = iota // steer
	trustNoRaise              // somewhat old, or a new leader: decreases only
	trustBlind                // too old: decay to the floor
)

// Staleness limits in scrapes.
const (
	staleAfter = 3
	blindAfter = 12
	// frozenAfter identical scrapes of a busy resource are a stuck exporter: a
	// live one always differs in some digit of latency or throughput.
	frozenAfter = 4
)

// A new leader waits for this many scrapes, but not for ever.
const (
	newLeaderScrapes = 5
	newLeaderMaxMS   = 30_000
)

// sight remembers of one resource what is needed to tell news from repetition.
type sight struct {
	Last    [4]float64 `json:"last"` // throughput, in flight, latency, rejected
	Same    int        `json:"same"` // identical scrapes in a row
	SeenMS  int64      `json:"seen_ms"`
	Trusted bool       `json:"trusted"` // the last reading was believed
}

// look returns the age of what is really known about the resource. NaN, frozen
// values and a zero that nothing confirms all leave the last good sight to age.
// expected is the throughput the inventory foresees, the second witness of a
// zero; a reading older than staleMS is not news.
func (s *sight) look(nowMS, staleMS int64, r Resource, expected float64) (ageMS int64) {
	r.AgeMS = max(0, r.AgeMS)
	if s.SeenMS == 0 {
		s.SeenMS = nowMS - r.AgeMS
	}
	now := [4]float64{known(r.Throughput), known(r.InFlight), known(r.Latency), known(r.Rejected)}
	if now == s.Last && r.Throughput > 0 {
		s.Same++
	} else {
		s.Same = 0
	}
	s.Trusted = usable(r.Throughput) && s.Same < frozenAfter && !s.suddenZero(r, expected)
	if s.Trusted {
		s.Last = now
		s.SeenMS = max(s.SeenMS, nowMS-r.AgeMS)
	}
	s.Trusted = s.Trusted && r.AgeMS <= staleMS
	return max(r.AgeMS, nowMS-s.SeenMS)
}

// known turns what was not measured into a value JSON can carry.
func known(v float64) float64 {
	if !usable(v) {
		return -1
	}
	return v
}

// suddenZero says whether a busy resource went silent without a second witness:
// people waiting inside, people refused, or an inventory that expects few.
func (s *sight) suddenZero(r Resource, expected float64) bool {
	const trickle, little = 3, 0.25
	if r.Throughput > 0 || s.Last[0] <= trickle || expected <= max(trickle, little*s.Last[0]) {
		return false
	}
	return !(r.InFlight > 0) && !(r.Rejected > 0)
}

// assess applies the staleness table and the new-leader rule. ageMS is the age
// of the oldest signal that could hide the bottleneck.
func assess(cfg Config, s *State, in Inputs, ageMS int64) (trust, string) {
	switch {
	case ageMS > blindAfter*cfg.PeriodMS && in.FreshScrapes == 0:
		return trustBlind, clampUnseen // nothing is lost that was never had
	case ageMS > blindAfter*cfg.PeriodMS:
		return trustBlind, clampBlind
	case ageMS > staleAfter*cfg.PeriodMS:
		return trustNoRaise, clampStale
	}
	if in.Term != s.Term {
		s.Term, s.TermSinceMS = in.Term, in.NowMS
	}
	if in.FreshScrapes < newLeaderScrapes && in.NowMS-s.TermSinceMS < newLeaderMaxMS {
		return trustNoRaise, clampNewLeader
	}
	return trustFull, ""
}

// decayed is a rate that has been blind for blindMS, on its way to the floor.
func decayed(rate, floor float64, stepMS, tauMS int64) float64 {
	if rate <= floor {
		return rate
	}
	return floor + (rate-floor)*math.Exp(-float64(stepMS)/float64(tauMS))
}
