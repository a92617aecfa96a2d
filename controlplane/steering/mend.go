package steering

import "math"

// able is what a latency says that a resource can do. While its workers are as many
// as when it did its best, one that takes twice as long does half.
func (e *estimate) able(latency float64) float64 {
	if e.Quick == 0 || latency == 0 {
		return math.Inf(1)
	}
	return ableSlack * e.Best * e.Quick / latency
}

// rememberQuick keeps the least latency near the best, and starts again with every new
// best that is clearly more: some answer the sooner the less they have to do.
func (e *estimate) rememberQuick() {
	near := e.sure() >= nearGood*e.Best
	if near && (e.Timed < e.Quick || e.Best > anotherBest*e.QuickAt) {
		e.Quick, e.QuickAt = e.Timed, e.Best
	}
}

const (
	ableSlack   = 1.05 // for the noise of both latencies
	anotherBest = 1.1
)

// quicken notices that a resource that had become slow is quick again. As long
// as its workers are as many, capacity is their number over the service time, so
// it has grown by as much; what it was seen to do earlier tonight bounds that, and
// what its latency was then.
//
// Only a calm that lasts tells: right after strain every latency falls. What is
// usual is the least of a whole window, for the end of a queue makes no server faster.
func (e *estimate) quicken(latency float64) {
	if e.CalmMS < quickenAfterMS || e.Strikes > 0 {
		return
	}
	e.Brisk++
	if latency >= briskShare*e.Usual {
		e.Brisk = 0
	}
	if e.Looks == 0 || latency < e.Least {
		e.Least = latency
	}
	e.Looks++
	switch {
	case e.Brisk >= strikesNeeded:
		if again := min(e.Best, e.able(latency), e.Believed*e.Usual/latency); again > e.Believed {
			e.Believed = again
		}
		e.Usual, e.Brisk, e.Looks = latency, 0, 0
	case e.Looks >= usualLooks && e.Brisk == 0:
		e.Usual, e.Looks = e.Least, 0
	}
}

const (
	quickenAfterMS = 5_000
	// usualLooks scrapes of calm make a window.
	usualLooks = 20
)
