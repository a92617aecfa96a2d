package steering

import "math"

// Knowledge is what the steering holds to be true of an evening, for whoever
// wants to try out how it would go on.
type Knowledge struct {
	Resources []KnownResource `json:"resources"`
	// Show is the share of called people who claim at all: who waited in the
	// lobby, and who came later. ClaimDelayMS is the mean time it takes them.
	Show         [2]float64 `json:"show"`
	ClaimDelayMS int64      `json:"claim_delay_ms"`
	RetryMS      int64      `json:"retry_ms"`
	ColdStartMS  int64      `json:"cold_start_ms"`
}

// KnownResource is what is known of one resource; of the WAS, of one replica.
type KnownResource struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
	// Proved and Believed are requests a second: served without strain, and
	// thought to be served at most.
	Proved   float64 `json:"proved"`
	Believed float64 `json:"believed"`
	Visits   float64 `json:"visits"` // requests of one session
	// AgeMS is the mean time from the claim to these requests.
	AgeMS int64 `json:"age_ms"`
	// LatencyMS is its latency without strain; 0 where it was never measured.
	LatencyMS float64 `json:"latency_ms"`
	Learned   bool    `json:"learned"` // it was under load, so this is not the prior
}

// Know reads the knowledge out of a state; a zero state knows the prior.
func Know(cfg Config, state State) Knowledge {
	s := &state
	s.prepare(cfg, Inputs{NowMS: s.NowMS, Term: s.Term})
	binS := float64(s.History.BinMS) / 1000
	ms := func(ageBins float64) int64 { return int64(math.Round(ageBins * binS * 1000)) }
	k := Knowledge{RetryMS: cfg.Session.RetryMS, ColdStartMS: cfg.Replicas.ColdStartMS}
	for q := range s.Claims {
		table := s.Claims[q].cumulative(binS)
		k.Show[q] = min(1, table[historyBins])
		k.ClaimDelayMS = max(k.ClaimDelayMS, ms(meanAge(table)))
	}
	for i, name := range s.Names {
		table, e := s.Requests[i].cumulative(binS), s.Estimates[i]
		k.Resources = append(k.Resources, KnownResource{
			Name: name, Kind: s.kind(cfg, i), Proved: e.Proved, Believed: e.Believed,
			Visits: table[historyBins], AgeMS: ms(meanAge(table)), LatencyMS: 1000 * e.Base, Learned: e.Best > 0,
		})
	}
	return k
}
