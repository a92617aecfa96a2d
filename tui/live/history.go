package live

import "time"

// keep is how many samples are kept: five minutes of one a second.
const keep = 300

// Sample is the sum over all cohorts at one moment.
type Sample struct {
	At                                  time.Time
	RateMilli, Serving, Waiting, Booked int64
}

// History is the last minutes, oldest first.
type History struct{ samples []Sample }

func (h *History) add(s Sample) {
	h.samples = append(h.samples, s)
	if extra := len(h.samples) - keep; extra > 0 {
		h.samples = append(h.samples[:0], h.samples[extra:]...)
	}
}

// has reports whether this second has its sample.
func (h *History) has(at time.Time) bool {
	n := len(h.samples)
	return n > 0 && h.samples[n-1].At.Unix() == at.Unix()
}

// Point is one value at one time.
type Point struct {
	At    time.Time
	Value float64
}

// Series is one value of every sample.
func (h *History) Series(of func(Sample) float64) []Point {
	points := make([]Point, len(h.samples))
	for i, s := range h.samples {
		points[i] = Point{s.At, of(s)}
	}
	return points
}

// Per second over this long: shorter is noise, longer is late.
const slope = 5 * time.Second

// Rate is how fast a growing value grew, per second, over the seconds before
// each sample.
func (h *History) Rate(of func(Sample) int64) []Point {
	points := make([]Point, 0, len(h.samples))
	from := 0
	for i, s := range h.samples {
		for s.At.Sub(h.samples[from].At) > slope {
			from++
		}
		passed := s.At.Sub(h.samples[from].At).Seconds()
		if from == i || passed <= 0 {
			continue
		}
		points = append(points, Point{s.At, max(0, float64(of(s)-of(h.samples[from]))/passed)})
	}
	return points
}
