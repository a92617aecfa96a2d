package waitingroom

// PollStep is one row of the advice when to look at the serving document
// again: people with up to Ahead turns before them wait EveryMS, plus a random
// part of JitterMS. The last row has Ahead -1 and fits everybody.
type PollStep struct {
	Ahead    int64 `json:"ahead"`
	EveryMS  int64 `json:"every_ms"`
	JitterMS int64 `json:"jitter_ms"`
}

// pollSteps is the advice by how far away the call is. Someone polls about
// five times in a step's span, so that a miss of one poll never costs more
// than a fifth of what is left, and ten million far people make fewer requests
// than the few thousand next in line. Jitter of half the interval dissolves
// a herd within three polls.
var pollSteps = []struct{ withinS, everyMS int64 }{
	{5, 1_000}, {30, 5_000}, {180, 15_000}, {900, 60_000},
}

// pollFarMS is the advice beyond the table, pollIdleMS where nothing is called
// and so no distance is known.
const pollFarMS, pollIdleMS = 180_000, 15_000

// pollLeastMilli is a rate that any line may come to from one second to the
// next: however slowly it moves, those first in it look as if it did this much.
// They are too few to be felt.
const pollLeastMilli = 10_000

// PollTable returns the advice for the serving document of a line that calls
// rateMilli a second, zero while it calls nobody. It is never empty.
func PollTable(rateMilli int64) []PollStep {
	if rateMilli <= 0 {
		return []PollStep{pollStep(-1, pollIdleMS)}
	}
	rateMilli = max(rateMilli, pollLeastMilli)
	table := make([]PollStep, 0, len(pollSteps)+1)
	for _, s := range pollSteps {
		table = append(table, pollStep(s.withinS*rateMilli/1000, s.everyMS))
	}
	return append(table, pollStep(-1, pollFarMS))
}

// LobbyPollTable is the advice while the opening is still opensInMS away:
// about five looks until then, so that a lobby that opens tonight makes next
// to no load in the morning, and the hour finds everybody spread as widely as
// waiting without a rate spreads them.
func LobbyPollTable(opensInMS int64) []PollStep {
	return []PollStep{pollStep(-1, min(max(opensInMS/5, pollIdleMS), pollFarMS))}
}

func pollStep(ahead, everyMS int64) PollStep {
	return PollStep{Ahead: ahead, EveryMS: everyMS, JitterMS: everyMS / 2}
}

// PollTable is the advice at nowMS. Where the line has slowed down or stopped,
// distance is counted at what it did not long ago: once it does so again, the
// people it then calls are awake, and until then they make no more requests
// than they did at that rate. While it stands still, nobody looks every second.
func (r *Room) PollTable(nowMS int64) []PollStep {
	r.mu.Lock()
	defer r.mu.Unlock()
	table := PollTable(r.pollRateMilli(nowMS))
	if still := !r.serves() || r.call.rateMilli(nowMS) == 0; still && len(table) > 1 {
		table = table[1:]
	}
	return table
}

// pollRateMilli is the rate that advice counts with; zero where the line has
// not begun to move.
func (r *Room) pollRateMilli(nowMS int64) int64 {
	if !r.serves() {
		return r.call.reachMilli
	}
	return max(r.call.rateMilli(nowMS), r.call.reachMilli)
}

// PollAdvice returns after how many milliseconds a person with ahead turns
// before them looks again; random is uniform in [0, 1).
func PollAdvice(ahead, rateMilli int64, random float64) int64 {
	for _, s := range PollTable(rateMilli) {
		if s.Ahead < 0 || ahead <= s.Ahead {
			return s.EveryMS + int64(random*float64(s.JitterMS))
		}
	}
	return pollFarMS
}
