package gate

import (
	"errors"
	"net/http"
	"time"

	"sunbeon/internal/problem"
	"sunbeon/reservation/waitingroom"
)

const (
	// pausedRetry is when to ask again about a line that stands still.
	pausedRetry = 5 * time.Second
	// longestRetry bounds the advice to come back: timetables change.
	longestRetry = 60 * time.Second
)

// refusal is what a person is told when their room says no.
func (g *Gate) refusal(l *line, err error) *problem.Problem {
	var notCalled *waitingroom.NotCalledError
	var metered *waitingroom.MeteredError
	switch {
	case errors.As(err, &notCalled):
		p := problem.New(http.StatusConflict, "not_called", "Your turn has not been called yet. Your place is kept.").
			With("turn", notCalled.Turn).With("serving", notCalled.Serving).
			Retry(jitterMS(notCalled.RetryAfterMS))
		if notCalled.Wait.Known {
			p.With("wait", waitOf(notCalled.Wait))
		}
		return p
	case errors.As(err, &metered):
		return problem.New(http.StatusTooManyRequests, "claim_metered", "You have been called. Others who were called before you go in first.").
			With("ahead", metered.Ahead).Retry(jitterMS(metered.RetryAfterMS))
	case errors.Is(err, waitingroom.ErrNoTicket):
		return problem.New(http.StatusNotFound, "no_ticket", "You have no place in this line yet.")
	case errors.Is(err, waitingroom.ErrNotOpen):
		return g.notOpen(l)
	case errors.Is(err, waitingroom.ErrPaused):
		return problem.New(http.StatusConflict, "not_called", "The line is standing still for the moment. Your place is kept.").
			With("paused", true).Retry(jitter(pausedRetry))
	case errors.Is(err, waitingroom.ErrClosed):
		return problem.New(http.StatusConflict, "closed", "This cohort has closed.")
	case errors.Is(err, waitingroom.ErrBooked):
		return problem.New(http.StatusConflict, "already_booked", "Your turn has been used for a booking. Look it up, change it or cancel it without queueing.")
	case errors.Is(err, waitingroom.ErrSupply):
		return problem.New(http.StatusConflict, "supply", "Tonight's doses are spoken for. Your place in the order is kept for the next supply.")
	case errors.Is(err, waitingroom.ErrFull):
		return problem.New(http.StatusServiceUnavailable, "line_full", "The line cannot take more people at the moment.").Retry(jitter(pausedRetry))
	}
	g.logger.Error("room refuses for an unknown reason", "cohort", l.cohort.ID, "error", err)
	return problem.New(http.StatusInternalServerError, "internal", "This is our mistake, not yours. Please ask again.")
}

// starting is what is told before the first plan has been seen.
func starting() *problem.Problem {
	return problem.New(http.StatusServiceUnavailable, "starting", "The service is starting. Please try again.").Retry(jitter(holdRetry))
}

// notOpen tells when the line begins to do what was asked of it.
func (g *Gate) notOpen(l *line) *problem.Problem {
	next, code := l.cohort.OpenMS, "not_called"
	if l.room.Phase() == waitingroom.Scheduled {
		next, code = l.cohort.LobbyMS, "not_open"
	}
	wait := min(longestRetry, max(time.Second, time.Duration(next-g.nowMS())*time.Millisecond))
	return problem.New(http.StatusConflict, code, "It is not time yet.").
		With("opens_ms", next).Retry(wait + jitter(time.Second))
}

// waitRange is a waiting time as a range of clock times, never as a promise.
type waitRange struct {
	FromMS int64 `json:"from_ms"`
	ToMS   int64 `json:"to_ms"`
}

func waitOf(w waitingroom.Wait) waitRange { return waitRange{w.FromMS, w.ToMS} }
