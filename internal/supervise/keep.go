package supervise

import (
	"context"
	"time"
)

// Backoff says how long to wait before starting a child again: at once after
// the first death, then twice as long each time, until it has lived for Healthy.
type Backoff struct {
	First, Most, Healthy time.Duration
	wait                 time.Duration
}

// DefaultBackoff restarts a service of this system.
var DefaultBackoff = Backoff{First: 100 * time.Millisecond, Most: 10 * time.Second, Healthy: 10 * time.Second}

// Next returns the pause before the next start of a child that lived for life.
func (b *Backoff) Next(life time.Duration) time.Duration {
	if life >= b.Healthy {
		b.wait = 0
	}
	pause := b.wait
	b.wait = min(max(2*b.wait, b.First), b.Most)
	return pause
}

// Event is told of each start and end of a kept child.
type Event struct {
	Name string
	// Process is the child that started or ended; nil where it would not start.
	Process *Process
	// Ended is false for a start.
	Ended bool
	// Err says how it ended, or why it would not start.
	Err error
	// Restarts counts the starts after the first.
	Restarts int
	// Pause is how long until the next start.
	Pause time.Duration
}

// Keep runs the child until ctx ends, starting it again whenever it dies, then
// stops it within grace. It reports every start and end to watch, from one
// goroutine.
func Keep(ctx context.Context, spec Spec, grace time.Duration, watch func(Event)) {
	backoff := DefaultBackoff
	for restarts := 0; ; restarts++ {
		began := time.Now()
		process, err := Start(spec)
		if err == nil {
			watch(Event{Name: spec.Name, Process: process, Restarts: restarts})
			select {
			case <-ctx.Done():
				process.Stop(grace)
				watch(Event{Name: spec.Name, Process: process, Ended: true, Restarts: restarts})
				return
			case <-process.Done():
				err = process.Err()
			}
		}
		pause := backoff.Next(time.Since(began))
		watch(Event{Name: spec.Name, Process: process, Ended: true, Err: err, Restarts: restarts, Pause: pause})
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}
