package gate

import (
	"context"
	"time"
)

// laneWait is how long a request waits for its lane before it is told to hold
// on: longer queues only turn into retries.
const laneWait = 800 * time.Millisecond

// lane bounds how many requests of one kind run at once, so that the one kind
// cannot crowd out the others.
type lane chan struct{}

func newLane(width int) lane { return make(lane, width) }

// enter takes a place in the lane, which leave gives back. It returns false
// when none comes free in time.
func (l lane) enter(ctx context.Context) bool {
	select {
	case l <- struct{}{}:
		return true
	default:
	}
	timer := time.NewTimer(laneWait)
	defer timer.Stop()
	select {
	case l <- struct{}{}:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

func (l lane) leave() { <-l }
