package steering

// cells is how many pieces the forecast's horizon is cut into.
const cells = 24

// forecast is the work to come: requests to each resource in each cell of time,
// from people already called, and from one call a second from now.
type forecast struct {
	cellS   []float64
	horizon []float64 // seconds, by resource: what is asked for early is seen early
	deadS   []float64 // mean age, since the call, of the work one call brings
	demand  []float64
	load    [][cells]float64
	unit    [][cells]float64
	perCall []float64 // requests one call brings in the end
}

// look ahead from the inventory. All ages are in bins of the history.
func (s *State) forecast(resources int) forecast {
	binS := float64(s.History.BinMS) / 1000
	f := forecast{
		load: make([][cells]float64, resources), unit: make([][cells]float64, resources),
		perCall: make([]float64, resources), demand: make([]float64, resources),
		cellS: make([]float64, resources), horizon: make([]float64, resources), deadS: make([]float64, resources),
	}
	claimed := byAge(s.History.Claimed, 0)
	called := [2][ageBins]float64{byAge(s.History.Called[0], 0), byAge(s.History.Called[1], 0)}
	claimTable := [2][]float64{s.Claims[0].cumulative(binS), s.Claims[1].cumulative(binS)}
	requestTable := make([][]float64, resources)
	for r := range requestTable {
		requestTable[r] = s.Requests[r].cumulative(binS)
	}
	mix := s.mix()
	show := mix[0]*claimTable[0][historyBins] + mix[1]*claimTable[1][historyBins]
	longest := 0.0
	for r, table := range requestTable {
		f.horizon[r], f.deadS[r] = horizon(claimTable, table, mix, binS)
		longest = max(longest, f.horizon[r])
	}
	for r := range resources {
		table := requestTable[r]
		f.horizon[r] = max(f.horizon[r], horizonFloor*longest)
		f.perCall[r] = show * table[historyBins]
		f.demand[r] = s.Requests[r].expect(claimed)
		f.cellS[r] = f.horizon[r] / cells
		cell := f.cellS[r] / binS

		// New claims in each cell: of the people already called, and of one call a
		// second.
		var claims, unitClaims [cells]float64
		for c := range cells {
			from, to := float64(c)*cell, float64(c+1)*cell
			for q := range called {
				for j, n := range called[q] {
					if n > 0 {
						age := middle(j)
						claims[c] += n * (at(claimTable[q], age+to) - at(claimTable[q], age+from))
					}
				}
				unitClaims[c] += mix[q] * f.cellS[r] * at(claimTable[q], (from+to)/2)
			}
		}
		// Requests by the end of each cell first, then the differences.
		for c := range cells {
			ahead := float64(c+1) * cell
			for j, n := range claimed {
				if n > 0 {
					age := middle(j)
					f.load[r][c] += n * (at(table, age+ahead) - at(table, age))
				}
			}
			for b := range c + 1 {
				since := ahead - (float64(b)+0.5)*cell
				f.load[r][c] += claims[b] * at(table, since)
				f.unit[r][c] += unitClaims[b] * at(table, since)
			}
		}
		for c := cells - 1; c > 0; c-- {
			f.load[r][c] -= f.load[r][c-1]
			f.unit[r][c] -= f.unit[r][c-1]
		}
	}
	return f
}

// longest horizon and dead time over all resources.
func (f forecast) longest() (horizonS, deadS float64) {
	for r := range f.horizon {
		horizonS, deadS = max(horizonS, f.horizon[r]), max(deadS, f.deadS[r])
	}
	return horizonS, deadS
}

// mix is the share of lobby and later people among those called next.
func (s *State) mix() [2]float64 {
	if s.LobbyAhead {
		return [2]float64{1, 0}
	}
	return [2]float64{0, 1}
}

// horizonShare of what a call brings has come at the horizon. Much less and the
// rate answers for what it cannot change any more; much more and an empty house
// fills slowly, because the last requests are waited for.
const horizonShare = 0.7

// horizonFloor is the least share of the longest horizon to look ahead by: what
// follows a call at once must not make the rate jump.
const horizonFloor = 0.39

// horizon is how long it takes until most of what a call brings to a resource
// has come, and the mean of that time.
func horizon(claims [2][]float64, table []float64, mix [2]float64, binS float64) (horizonS, meanS float64) {
	claimMean := mix[0]*meanAge(claims[0]) + mix[1]*meanAge(claims[1])
	total, late := table[historyBins], 0
	for late < historyBins && table[late] < horizonShare*total {
		late++
	}
	return max(4, claimMean+float64(late)) * binS, max(1, claimMean+meanAge(table)) * binS
}

// meanAge of the events in a cumulative table.
func meanAge(table []float64) float64 {
	total := table[len(table)-1]
	if total <= 0 {
		return 0
	}
	sum := 0.0
	for _, v := range table {
		sum += 1 - v/total
	}
	return sum
}

func middle(j int) float64 { return float64(ageEdges[j]+ageEdges[j+1]) / 2 }
