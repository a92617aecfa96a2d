package gate

import (
	"sync"
	"time"

	"sunbeon/reservation/waitingroom"
)

// maxStep is how far the machine's clock may be set without being asked about:
// as much as a segment may be dated wrongly.
const maxStep = waitingroom.MaxSkewMS * time.Millisecond

// clock is the time the line is served by. It follows the machine's clock as
// long as that goes as fast as time does. Set ahead, it would run the segment
// in force up as if nobody had renewed it for that long, and end passes, so the
// step is followed only when the control plane dates a segment by it. Set back,
// it would take numbers back that have been shown, so the line's time goes at
// half speed until the machine's has caught up.
type clock struct {
	wall func() time.Time
	// elapsed is monotonic: no adjustment moves it.
	elapsed func() time.Duration

	mu   sync.Mutex
	at   time.Duration // elapsed, when last read
	time time.Time     // the line's time then
}

func newClock(wall func() time.Time, elapsed func() time.Duration) *clock {
	return &clock{wall: wall, elapsed: elapsed, at: elapsed(), time: wall().Round(0)}
}

// now is the line's time; it never falls.
func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	wall, at := c.wall().Round(0), c.elapsed()
	passed := at - c.at
	c.at = at
	expected := c.time.Add(passed)
	switch off := wall.Sub(expected); {
	case off > maxStep:
		c.time = expected
	case off < -maxStep:
		c.time = c.time.Add(passed / 2)
	case wall.After(c.time):
		c.time = wall
	}
	return c.time
}

// ahead is how far the machine's clock has been set ahead without being
// followed.
func (c *clock) ahead() time.Duration {
	return max(0, c.wall().Sub(c.now()))
}

// agrees reports whether a segment that begins at t0 was dated by the machine's
// clock as it is now.
func (c *clock) agrees(t0MS int64) bool {
	off := c.wall().UnixMilli() - t0MS
	return off <= waitingroom.MaxSkewMS && off >= -waitingroom.MaxSkewMS
}

// notBefore makes the line's time go on from t where it would begin earlier.
func (c *clock) notBefore(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.time) {
		c.at, c.time = c.elapsed(), t
	}
}

// follow accepts that the machine's clock was set ahead.
func (c *clock) follow() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if wall := c.wall().Round(0); wall.After(c.time) {
		c.at, c.time = c.elapsed(), wall
	}
}
