package loadgate

import (
	"math"
	"time"
)

// limit is how many a gate lets through at once. It follows the time they take:
// while that stays near what the resource needs when it is well, the limit grows
// to the most configured; when it rises, the resource queues inside, where nobody
// is sorted by how far along they are, and the limit falls until it does not. The
// rule is the gradient of Netflix's concurrency limits.
type limit struct {
	least, most float64

	now     float64
	base    float64 // seconds the resource takes when it is well; 0 until known
	sum     float64 // of the window
	samples int
	busiest int // inside at most, in the window
	opened  time.Time
}

const (
	window     = 100 * time.Millisecond
	fewest     = 8    // samples that make a window
	slack      = 0.05 // seconds that are the scheduler's and not the resource's
	tolerance  = 2    // times the base that are no sign of a queue
	steepest   = 0.5  // share kept of the limit at most quickly
	baseRises  = 0.01 // a window at the least: a resource that is slower for good is the new normal within half a minute
	growthRoom = 0.5  // share of the limit that must be in use before it grows
)

func newLimit(least, most int) limit {
	return limit{least: float64(min(least, most)), most: float64(most), now: float64(most)}
}

func (l *limit) allows(inside int) bool { return inside < int(l.now) }

// done takes in how long somebody was inside, with so many others.
func (l *limit) done(took time.Duration, inside int, at time.Time) {
	if l.samples == 0 {
		l.opened = at
	}
	l.sum += took.Seconds()
	l.samples++
	l.busiest = max(l.busiest, inside)
	if l.samples < fewest || at.Sub(l.opened) < window {
		return
	}
	mean := l.sum / float64(l.samples)
	switch {
	case l.base == 0 || mean < l.base:
		l.base = mean
	case int(l.now) <= int(l.least):
		// With so few inside it is the resource that is slow; with more it might be
		// their own queue, which must never become what is normal.
		l.base += baseRises * (mean - l.base)
	}
	gradient := max(steepest, min(1, (tolerance*l.base+slack)/mean))
	next := l.now * gradient
	if gradient == 1 && float64(l.busiest) >= growthRoom*l.now {
		next += math.Sqrt(l.now)
	}
	l.now = max(l.least, min(l.most, next))
	l.sum, l.samples, l.busiest = 0, 0, 0
}
