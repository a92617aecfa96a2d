package rush

import (
	"context"
	"sync"
	"time"
)

// agenda runs things when they are due, each in a goroutine of its own, however
// many are running already: that is what makes the load an open loop. What is
// not due yet costs a timer and no goroutine, so hundreds of thousands can wait.
type agenda struct {
	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
}

// at runs do at due, or at once if due has passed; never once closed.
func (a *agenda) at(due time.Time, do func()) {
	time.AfterFunc(time.Until(due), func() {
		if a.begin() {
			defer a.running.Done()
			do()
		}
	})
}

func (a *agenda) begin() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return false
	}
	a.running.Add(1)
	return true
}

// close lets nothing further begin and waits for what is running, at first for
// grace and then, having called hurry, without limit.
func (a *agenda) close(grace time.Duration, hurry context.CancelFunc) {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	overdue := time.AfterFunc(grace, hurry)
	defer overdue.Stop()
	a.running.Wait()
}
