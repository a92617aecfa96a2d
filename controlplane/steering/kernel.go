package steering

import "math"

// ageBins widen with age: what a person does in the next seconds matters to the
// second, what they do in ten minutes does not.
const ageBins = 24

var ageEdges = [ageBins + 1]int{
	0, 1, 2, 3, 4, 6, 8, 11, 15, 20, 26, 33, 42, 53, 67, 84, 105, 131, 163, 200, 245, 295, 350, 410, historyBins,
}

// kernel is the rate at which one person of a given age causes events (claims,
// or requests to one resource), learned by recursive Bayesian regression of
// what was counted on how many people of each age there were.
//
// Ages nobody has reached yet carry no information, so the prior stands there:
// that is what makes the estimate right-censored rather than wrong.
type kernel struct {
	Rate  series `json:"rate"`  // events a second and person, by age bin
	Prior series `json:"prior"` // the same, before the evening
	Doubt series `json:"doubt"` // standard deviation of the prior
	Info  series `json:"info"`  // symmetric information matrix, packed, forgetting
	Moves series `json:"moves"` // information vector
}

// newKernel spreads total events a person over ages like a gamma distribution
// with the given mean and shape.
func newKernel(total, meanS, shape, binS float64) kernel {
	k := kernel{
		Rate: make(series, ageBins), Prior: make(series, ageBins), Doubt: make(series, ageBins),
		Info: make(series, ageBins*(ageBins+1)/2), Moves: make(series, ageBins),
	}
	var sum float64
	for j := range k.Prior {
		from, to := float64(ageEdges[j])*binS, float64(ageEdges[j+1])*binS
		const parts = 16
		for p := range parts {
			x := (from + (to-from)*(float64(p)+0.5)/parts) / meanS * shape
			k.Prior[j] += math.Exp((shape-1)*math.Log(x) - x)
		}
		k.Prior[j] /= parts
		sum += k.Prior[j] * (to - from)
	}
	highest := 0.0
	for j := range k.Prior {
		k.Prior[j] *= total / sum
		k.Rate[j] = k.Prior[j]
		highest = max(highest, k.Prior[j])
	}
	for j := range k.Doubt {
		// Any age may turn out busy, but hardly one far beyond the expected.
		far := 1 + middle(j)*binS/meanS
		k.Doubt[j] = k.Prior[j] + 2*highest/(far*far*far)
	}
	return k
}

// learn takes one observation: people of each age together caused rate events a
// second. weight below one tells it to trust the observation less.
func (k *kernel) learn(people [ageBins]float64, rate, periodS, memoryS, weight float64) {
	expected := 0.0
	for j, n := range people {
		expected += n * k.Rate[j]
	}
	// Counts vary like Poisson around their mean; a few per cent of the mean on
	// top stand for what the model cannot express.
	spread := max(expected, rate, 1/periodS)
	information := weight / (spread/periodS + 0.0025*spread*spread)
	keep := math.Exp(-periodS / memoryS)
	for i, n := range people {
		for j := range i + 1 {
			at := packed(i, j)
			k.Info[at] = k.Info[at]*keep + information*n*people[j]
		}
		k.Moves[i] = k.Moves[i]*keep + information*n*rate
	}
	k.solve()
	// Observations are forgotten, what they taught is not: on a steady evening
	// the totals alone are seen, and the shape learned at the opening must last
	// until the next time the rate moves.
	for j, r := range k.Rate {
		k.Prior[j] += (r - k.Prior[j]) * (1 - keep)
	}
}

// solve does two Gauss-Seidel sweeps with rates kept non-negative; from one step
// to the next the solution hardly moves, so two are enough.
//
// The prior doubts the shape a lot and the total little: who did not ask early
// will ask later.
func (k *kernel) solve() {
	total := 0.0
	for j, p := range k.Prior {
		total += p * width(j)
	}
	if total == 0 {
		return
	}
	sure := 1 / (0.04 * 0.04 * total * total)
	now := 0.0
	for j, r := range k.Rate {
		now += r * width(j)
	}
	for range 2 {
		for i, old := range k.Rate {
			trust := 1 / (k.Doubt[i] * k.Doubt[i])
			rest := k.Moves[i] + trust*k.Prior[i] + sure*width(i)*(total-now+old*width(i))
			for j, r := range k.Rate {
				if j != i {
					rest -= k.Info[packed(i, j)] * r
				}
			}
			k.Rate[i] = max(0, rest/(k.Info[packed(i, i)]+trust+sure*width(i)*width(i)))
			now += (k.Rate[i] - old) * width(i)
		}
	}
}

// width of an age bin, in bins of history.
func width(j int) float64 { return float64(ageEdges[j+1] - ageEdges[j]) }

// packed is where entry (i, j) of a symmetric matrix stands.
func packed(i, j int) int {
	if i < j {
		i, j = j, i
	}
	return i*(i+1)/2 + j
}

// expect is the rate of events the people cause now.
func (k *kernel) expect(people [ageBins]float64) float64 {
	sum := 0.0
	for j, n := range people {
		sum += n * k.Rate[j]
	}
	return sum
}

// total events of one person, a history bin of one second assumed.
func (k *kernel) total() float64 {
	sum := 0.0
	for j, r := range k.Rate {
		sum += r * width(j)
	}
	return sum
}

// remaining is the events that people are yet to cause, a history bin of one second
// assumed.
func (k *kernel) remaining(people [ageBins]float64) float64 {
	sum, later := 0.0, 0.0
	for j := ageBins - 1; j >= 0; j-- {
		here := k.Rate[j] * width(j)
		sum += people[j] * (here/2 + later)
		later += here
	}
	return sum
}

// cumulative tabulates how many events a person has caused by each age, in bins
// of history.
func (k *kernel) cumulative(binS float64) []float64 {
	out := make([]float64, historyBins+1)
	j := 0
	for a := range historyBins {
		if a >= ageEdges[j+1] {
			j++
		}
		out[a+1] = out[a] + k.Rate[j]*binS
	}
	return out
}

// at reads a cumulative table between its entries; past the end nothing more
// happens.
func at(table []float64, age float64) float64 {
	if age <= 0 {
		return table[0]
	}
	i := int(age)
	if i >= len(table)-1 {
		return table[len(table)-1]
	}
	f := age - float64(i)
	return table[i]*(1-f) + table[i+1]*f
}
