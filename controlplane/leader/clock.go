package leader

const (
	// jumpMS is how far wall and monotonic time may part between two looks.
	jumpMS = 1_000
	// settleMS is how long after a jump the clock is not trusted to raise
	// anything or to let anything expire.
	settleMS = 30_000
	// quietMS is how long a new leader raises nothing.
	quietMS = 5_000
	// silenceMS is how long an instance may be silent before it is forgotten;
	// a new leader listens as long first, for reports to itself.
	silenceMS = 15_000
)

// sureness is what a leader may trust at a moment.
type sureness struct {
	raise  bool // the admission rate may rise
	expire bool // what the clock says has expired has
	forget bool // whoever is silent has been given time to report
	ahead  step // the last time the clock was set ahead
}

// step is a span the wall clock was set ahead by: it never happened.
type step struct {
	byMS, untilMS int64 // untilMS is the wall clock's time after it
}

// since is what of a span that began at fromMS, by the wall clock, was the step.
func (s step) since(fromMS int64) int64 {
	if fromMS < s.untilMS {
		return s.byMS
	}
	return 0
}

// clock compares the wall clock with the time since the term began, which no
// adjustment moves.
type clock struct {
	offsetMS int64 // wall minus monotonic, at the last look
	started  bool
	jumped   bool  // at the last look
	settled  int64 // monotonic time from which the clock is trusted again
	ahead    step
}

// observe takes both clocks at one moment, in milliseconds; monotonic time
// counts from the begin of the term.
func (c *clock) observe(wallMS, sinceMS int64) sureness {
	offset := wallMS - sinceMS
	moved := offset - c.offsetMS
	c.jumped = c.started && (moved > jumpMS || moved < -jumpMS)
	if c.jumped {
		c.settled = sinceMS + settleMS
		if moved > 0 {
			c.ahead = step{byMS: moved, untilMS: wallMS}
		}
	}
	c.offsetMS, c.started = offset, true
	trusted := sinceMS >= c.settled
	return sureness{
		raise:  trusted && sinceMS >= quietMS,
		expire: trusted,
		forget: trusted && sinceMS >= silenceMS,
		ahead:  c.ahead,
	}
}
