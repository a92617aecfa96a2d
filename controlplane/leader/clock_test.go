package leader

import "testing"

func TestClockJumpIsNoticed(t *testing.T) {
	const wall = 1_700_000_000_000
	f := func(name string, jump int64, noticed bool) {
		t.Run(name, func(t *testing.T) {
			var c clock
			for since := int64(0); since <= 60_000; since += 1_000 {
				if s := c.observe(wall+since, since); since > settleMS && !(s.raise && s.expire && s.forget) {
					t.Fatalf("not sure after %d ms without a jump: %+v", since, s)
				}
			}
			at := int64(61_000)
			s := c.observe(wall+at+jump, at)
			if c.jumped != noticed || s.raise == noticed || s.expire == noticed || s.forget == noticed {
				t.Errorf("jumped %v, %+v", c.jumped, s)
			}
			if got := s.ahead.since(wall); got != max(jump, 0) && noticed {
				t.Errorf("of the time since the begin %d ms never happened, want %d", got, max(jump, 0))
			}
			if got := s.ahead.since(wall + at + jump); got != 0 {
				t.Errorf("of no time at all %d ms never happened", got)
			}
			at += 1_000
			if c.observe(wall+at+jump, at); c.jumped {
				t.Error("the same jump is noticed twice")
			}
			at += settleMS
			if s := c.observe(wall+at+jump, at); !s.raise || !s.expire || !s.forget {
				t.Errorf("not settled: %+v", s)
			}
		})
	}
	f("steady", 0, false)
	f("slewed", 200, false)
	f("an hour ahead", 3_600_000, true)
	f("an hour back", -3_600_000, true)
}

func TestNewLeaderIsNotSureAtOnce(t *testing.T) {
	var c clock
	if s := c.observe(1_700_000_000_000, 0); s.raise || s.forget || !s.expire {
		t.Errorf("at the begin of a term: %+v", s)
	}
}
