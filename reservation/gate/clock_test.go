package gate

import (
	"testing"
	"time"
)

// hands are a machine's clock and the time that really passes.
type hands struct {
	wall    time.Time
	elapsed time.Duration
}

func (h *hands) pass(d time.Duration) { h.wall, h.elapsed = h.wall.Add(d), h.elapsed+d }

func TestClockIsNotMovedByBeingSet(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	h := &hands{wall: start}
	c := newClock(func() time.Time { return h.wall }, func() time.Duration { return h.elapsed })
	since := func() time.Duration { return c.now().Sub(start) }

	h.pass(time.Minute)
	if got := since(); got != time.Minute {
		t.Errorf("after a minute %v", got)
	}
	h.wall = h.wall.Add(300 * time.Millisecond) // as time servers do
	if got := since(); got != time.Minute+300*time.Millisecond {
		t.Errorf("a small step was not followed: %v", got)
	}
	h.wall = h.wall.Add(time.Hour)
	h.pass(time.Second)
	if got := since(); got != 61*time.Second+300*time.Millisecond || c.ahead() != time.Hour {
		t.Errorf("set an hour ahead, the line is at %v, %v behind", got, c.ahead())
	}
	if c.agrees(start.Add(time.Minute).UnixMilli()) || !c.agrees(h.wall.UnixMilli()) {
		t.Error("takes the control plane's word for the wrong time")
	}
	c.follow()
	if got := since(); got != time.Hour+61*time.Second+300*time.Millisecond {
		t.Errorf("confirmed, the line is at %v", got)
	}

	before := c.now()
	h.wall = h.wall.Add(-10 * time.Second)
	for range 30 {
		h.pass(time.Second)
		now := c.now()
		if now.Before(before) {
			t.Fatalf("moved back by %v", before.Sub(now))
		}
		before = now
	}
	if !before.Equal(h.wall) {
		t.Errorf("still %v ahead, 30 s after being set back by 10", before.Sub(h.wall))
	}
}
