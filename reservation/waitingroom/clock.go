package waitingroom

// clock measures serving time: it stands still while a cohort is paused, on
// hold, not yet open or while its gate was down, so that no pass runs out then.
type clock struct {
	running bool
	since   int64 // when it started running
	banked  int64 // what it had measured then
}

// at returns the serving time at nowMS, in milliseconds.
func (c *clock) at(nowMS int64) int64 {
	if !c.running {
		return c.banked
	}
	return c.banked + max(nowMS-c.since, 0)
}

// wall returns when the clock will show serving time t if it does not stop
// after nowMS.
func (c *clock) wall(t, nowMS int64) int64 {
	if c.running {
		return c.since + t - c.banked
	}
	return nowMS + t - c.banked
}

func (c *clock) set(running bool, nowMS int64) {
	if running == c.running {
		return
	}
	c.banked = c.at(nowMS)
	c.running, c.since = running, nowMS
}

// skip takes the span from…to out of what was measured.
func (c *clock) skip(fromMS, toMS int64) {
	if c.running {
		c.since += max(toMS-max(fromMS, c.since), 0)
	}
}
