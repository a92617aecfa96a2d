package waitingroom

// Claims are let in at no more than 1.5 λ: a wave after an outage is spread
// out, and yet catches up with the calls.
const (
	meterNum, meterDen = 3, 2
	// meterIdleMS is when to ask again while nothing is called at all.
	meterIdleMS = 5000
	// meterMostMS is the longest that anybody is told to stay away: at a rate of
	// almost nothing the exact time would be hours, and rates rise again: who was
	// told a minute at the depth of a drop stayed away long after it.
	meterMostMS = 15_000
	// meterGraceMS is how much later than told someone may come back without
	// losing their precedence; it covers the jitter of their client.
	meterGraceMS = 5000
	// microTurn is the unit tokens are kept in, so that a slow rate loses
	// nothing to rounding between two close requests.
	microTurn = 1_000_000
)

// meter is a token bucket for claims that serves the lowest turn first: a
// token goes to someone only if there are tokens for all those with lower
// turns who also asked and were told to come back. It is no part of the log;
// after a restart people just ask again.
type meter struct {
	tokens int64 // micro-turns
	since  int64 // when tokens were last counted
	asking askers
	// again are those who ask for another pass, with precedence over nobody.
	again askers
}

// ask takes a token for turn, or returns a [*MeteredError]. Again is set for a
// claim whose earlier pass ran out: it comes after all first claims.
func (m *meter) ask(turn int64, again bool, rateMilli, nowMS int64) error {
	rate := rateMilli * meterNum / meterDen // micro-turns a millisecond
	m.refill(rate, nowMS)
	m.asking.forget(nowMS)
	m.again.forget(nowMS)
	ahead := m.asking.below(turn)
	if again {
		ahead = m.asking.count
	}
	missing := (ahead+1)*microTurn - m.tokens
	if missing <= 0 {
		m.tokens -= microTurn
		m.asking.remove(turn)
		m.again.remove(turn)
		return nil
	}
	retry := int64(meterIdleMS)
	if rate > 0 {
		retry = min(missing/rate+1, meterMostMS)
	}
	set := &m.asking
	if again {
		set = &m.again
	}
	set.add(turn, nowMS+retry+meterGraceMS)
	return &MeteredError{Ahead: ahead, RetryAfterMS: retry}
}

// refill adds what has come in since the last time, up to one second's worth.
func (m *meter) refill(rate, nowMS int64) {
	full := max(rate*1000, microTurn)
	if m.since == 0 {
		m.tokens, m.since = full, nowMS
		return
	}
	elapsed := max(nowMS-m.since, 0)
	m.tokens = min(m.tokens+rate*min(elapsed, 1_000_000), full)
	m.since = max(nowMS, m.since)
}

// waiting counts those who were told to come back and still may.
func (m *meter) waiting(nowMS int64) int64 {
	m.asking.forget(nowMS)
	m.again.forget(nowMS)
	return m.asking.count + m.again.count
}
