package waitingroom

import (
	"errors"
	"fmt"
)

// Refusals. None of them has changed the room or consumed a number.
var (
	// ErrCohort: the announcement of a cohort is invalid, or may not change so.
	ErrCohort = errors.New("cohort")
	// ErrPhase: the cohort cannot go from its phase to that one.
	ErrPhase = errors.New("phase change refused")
	// ErrNotOpen: the lobby is not open yet (tickets), or the cohort is not
	// serving yet (claims).
	ErrNotOpen = errors.New("not open yet")
	// ErrClosed: the cohort has closed.
	ErrClosed = errors.New("closed")
	// ErrPaused: the cohort is paused or on hold; the turn is kept.
	ErrPaused = errors.New("paused")
	// ErrNoTicket: this person has no place in this line.
	ErrNoTicket = errors.New("no ticket")
	// ErrBooked: this turn's pass was used for a booking and has run out.
	ErrBooked = errors.New("already booked")
	// ErrSupply: tonight's doses are spoken for; the order is kept.
	ErrSupply = errors.New("supply is spoken for")
	// ErrFull: the line holds as many people as it can number.
	ErrFull = errors.New("line is full")
	// ErrSegment: a serving segment that must not be followed.
	ErrSegment = errors.New("segment refused")
	// ErrDraw: a seal or draw that the announcement does not allow.
	ErrDraw = errors.New("draw refused")
	// ErrUnknownPass: no such pass was given to that turn.
	ErrUnknownPass = errors.New("unknown pass")
	// ErrRecord: a record that is malformed or cannot follow those before it.
	ErrRecord = errors.New("invalid record")
)

// NotCalledError refuses a claim whose turn has not been called.
type NotCalledError struct {
	// Turn is 0 while the draw has not been made.
	Turn, Serving int64
	// RetryAfterMS is when to ask again, in milliseconds from now, without
	// jitter.
	RetryAfterMS int64
	Wait         Wait
}

func (e *NotCalledError) Error() string {
	return fmt.Sprintf("turn %d not called yet, serving %d", e.Turn, e.Serving)
}

// MeteredError asks a called person to come back: more people claim at once
// than can be let in, and lower turns go first.
type MeteredError struct {
	// Ahead is how many people who also asked go first.
	Ahead int64
	// RetryAfterMS is when it is their turn, in milliseconds from now.
	RetryAfterMS int64
}

func (e *MeteredError) Error() string {
	return fmt.Sprintf("claim metered: %d ahead, retry in %d ms", e.Ahead, e.RetryAfterMS)
}
