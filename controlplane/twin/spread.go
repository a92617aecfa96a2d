package twin

import "math"

// spread is a distribution of delays as shares by step, at least one step long.
type spread []float64

// newSpread cuts a log-normal of the given mean (s) and coefficient of variation
// into steps of dt. Its mean is kept exactly, its far tail is folded into the
// last step.
func newSpread(d Distribution, dt float64) spread {
	mean, cv := float64(d.Mean), d.CV
	if mean <= dt {
		return spread{1}
	}
	if cv <= 0.01 {
		cv = 0.01
	}
	sigma := math.Sqrt(math.Log1p(cv * cv))
	mu := math.Log(mean) - sigma*sigma/2
	below := func(t float64) float64 {
		if t <= 0 {
			return 0
		}
		return 0.5 * math.Erfc(-(math.Log(t)-mu)/sigma/math.Sqrt2)
	}
	n := int(math.Ceil(math.Exp(mu+3*sigma)/dt)) + 1
	out := make(spread, n)
	last := 0.0
	for i := range out {
		// Share i leaves about i steps later: centre it there.
		next := below((float64(i) + 0.5) * dt)
		out[i] = next - last
		last = next
	}
	out[n-1] += 1 - last
	return out
}

// rest is the spread of what is left of a delay at a random time in it.
func (s spread) rest() spread {
	out, left, mean := make(spread, len(s)), 1.0, 0.0
	for i, share := range s {
		out[i] = max(0, left)
		mean += out[i]
		left -= share
	}
	for i := range out {
		out[i] /= mean
	}
	return out
}

// calendar holds masses by the step at which they will do something.
type calendar struct {
	slots []float64
	now   int
}

func newCalendar(length int) *calendar { return &calendar{slots: make([]float64, length+2)} }

// add spreads mass over the coming steps; the first share is due at the next one.
func (c *calendar) add(mass float64, s spread) {
	if mass <= 0 {
		return
	}
	n := len(c.slots)
	at := c.now + 1
	if at >= n {
		at -= n
	}
	for _, share := range s {
		c.slots[at] += mass * share
		if at++; at == n {
			at = 0
		}
	}
}

// turn moves to the next step and takes what is due there. deviation is the
// noise whole people make, in standard deviations; what comes early or late is
// taken from or left to the following step, so nobody appears or vanishes.
func (c *calendar) turn(deviation float64) float64 {
	if c.now++; c.now == len(c.slots) {
		c.now = 0
	}
	next := c.now + 1
	if next == len(c.slots) {
		next = 0
	}
	due := c.slots[c.now]
	c.slots[c.now] = 0
	if due <= 0 {
		return 0
	}
	shift := max(-due, min(c.slots[next], deviation*math.Sqrt(due)))
	c.slots[next] -= shift
	return due + shift
}

// ahead is what is due k steps from now, k ≥ 1.
func (c *calendar) ahead(k int) float64 {
	if k >= len(c.slots) {
		return 0
	}
	return c.slots[(c.now+k)%len(c.slots)]
}

func (c *calendar) total() float64 {
	sum := 0.0
	for _, v := range c.slots {
		sum += v
	}
	return sum
}
