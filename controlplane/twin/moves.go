package twin

import "math"

// moves counts reversals: opposite moves of more than five per cent within
// 300 s while the true capacity stays the same.
type moves struct {
	direction int // of the last move: up, down, or none yet
	low, high float64
	extreme   float64 // reached in that direction
	extremeT  float64
	capacity  float64
	reversals int
}

const (
	moveShare  = 0.05
	reversalS  = 300
	sameWithin = 0.15 // capacity noise is no change of capacity
)

// see takes the mean rate and the true capacity of a second.
func (m *moves) see(t, rate, capacity float64) {
	if m.capacity == 0 || math.Abs(capacity-m.capacity) > sameWithin*m.capacity {
		*m = moves{capacity: capacity, low: rate, high: rate, reversals: m.reversals}
		return
	}
	m.low, m.high = min(m.low, rate), max(m.high, rate)
	switch {
	case m.direction >= 0 && rate < m.top()*(1-moveShare):
		m.turn(-1, t, rate)
	case m.direction <= 0 && rate > m.bottom()*(1+moveShare):
		m.turn(1, t, rate)
	case m.direction > 0 && rate > m.extreme || m.direction < 0 && rate < m.extreme:
		m.extreme, m.extremeT = rate, t
	}
}

// top and bottom are what a move is measured from.
func (m *moves) top() float64 {
	if m.direction == 0 {
		return m.high
	}
	return m.extreme
}

func (m *moves) bottom() float64 {
	if m.direction == 0 {
		return m.low
	}
	return m.extreme
}

func (m *moves) turn(direction int, t, rate float64) {
	if m.direction != 0 && t-m.extremeT <= reversalS {
		m.reversals++
	}
	m.direction, m.extreme, m.extremeT = direction, rate, t
}
