package waitingroom

// Wait is when a turn will likely be called, told as a range of clock times:
// a single minute would be a promise nobody can keep.
type Wait struct {
	// Known is false when nothing honest can be said: no turn yet, or nothing
	// is being called.
	Known bool `json:"known"`
	// FromMS and ToMS are Unix milliseconds, rounded outwards.
	FromMS int64 `json:"from_ms,omitempty"`
	ToMS   int64 `json:"to_ms,omitempty"`
}

// The range runs from the faster of the present and the mean rate, and a bit
// more, to the slower, and a bit less.
const (
	faster, slower = 1.15, 0.85
	// Ranges of less than farMS are rounded to nearMS, others to a minute.
	farMS, nearMS, minuteMS = 180_000, 10_000, 60_000
)

// Estimate tells when turn will be called.
func (r *Room) Estimate(turn, nowMS int64) Wait {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.estimate(turn, nowMS)
}

func (r *Room) estimate(turn, nowMS int64) Wait {
	if turn == 0 || !r.serves() {
		return Wait{}
	}
	shown, _ := r.call.at(nowMS, true)
	return estimate(turn-shown, r.call.rateMilli(nowMS), r.call.meanMilli, nowMS)
}

// estimate is pure arithmetic: remaining turns at a present and a mean rate.
func estimate(remaining, rateMilli, meanMilli, nowMS int64) Wait {
	if remaining <= 0 {
		return Wait{Known: true, FromMS: nowMS, ToMS: nowMS}
	}
	fast := float64(max(rateMilli, meanMilli)) * faster
	slow := float64(min(rateMilli, meanMilli)) * slower
	if slow <= 0 {
		return Wait{}
	}
	turns := float64(remaining) * 1_000_000
	from, to := int64(turns/fast), int64(turns/slow)
	grain := int64(nearMS)
	if to > farMS {
		grain = minuteMS
	}
	return Wait{
		Known:  true,
		FromMS: (nowMS + from) / grain * grain,
		ToMS:   (nowMS + to + grain - 1) / grain * grain,
	}
}

// notCalled refuses a claim that comes too early and says when to try again:
// at the call where that is near, else at the next poll.
func (r *Room) notCalled(turn, shown, nowMS int64) *NotCalledError {
	rate := r.call.rateMilli(nowMS)
	err := &NotCalledError{Turn: turn, Serving: shown, Wait: r.estimate(turn, nowMS)}
	advised := r.pollRateMilli(nowMS)
	err.RetryAfterMS = PollTable(advised)[0].EveryMS
	if turn > 0 {
		err.RetryAfterMS = PollAdvice(turn-shown, advised, 0)
		if rate > 0 {
			exact := (turn-shown)*1_000_000/rate + 1
			err.RetryAfterMS = min(err.RetryAfterMS, max(exact, 100))
		}
	}
	return err
}
