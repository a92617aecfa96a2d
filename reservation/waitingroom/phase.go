package waitingroom

import (
	"fmt"
	"slices"
)

// Phase of a cohort.
type Phase string

// The phases, in the order of an evening.
const (
	Scheduled Phase = "scheduled"
	Lobby     Phase = "lobby"
	Sealed    Phase = "sealed"
	Open      Phase = "open"
	Paused    Phase = "paused"
	Closed    Phase = "closed"
)

// nextPhases lists where a cohort can go. The ways back (return to the lobby,
// postpone, reopen) keep every ticket, seal and turn.
var nextPhases = map[Phase][]Phase{
	Scheduled: {Lobby, Open, Closed},
	Lobby:     {Scheduled, Sealed, Open, Closed},
	Sealed:    {Scheduled, Lobby, Open, Closed},
	Open:      {Lobby, Sealed, Paused, Closed},
	Paused:    {Lobby, Sealed, Open, Closed},
	Closed:    {Scheduled, Lobby, Open},
}

func (p Phase) canMoveTo(next Phase) error {
	if slices.Contains(nextPhases[p], next) {
		return nil
	}
	return fmt.Errorf("%w: from %q to %q", ErrPhase, p, next)
}

// joinable reports whether tickets are given out in this phase.
func (p Phase) joinable() bool {
	switch p {
	case Lobby, Sealed, Open, Paused:
		return true
	}
	return false
}
