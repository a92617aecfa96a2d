package legacy

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// FaultBoard holds the faults put last and works them on the stations as time
// goes by.
type FaultBoard struct {
	stations map[string]*Station
	logger   *slog.Logger
	wake     chan struct{}

	mu     sync.Mutex
	faults Faults
	since  time.Time
}

// NewFaultBoard starts with no faults.
func NewFaultBoard(stations map[string]*Station, logger *slog.Logger) *FaultBoard {
	return &FaultBoard{stations: stations, logger: logger, wake: make(chan struct{}, 1), since: time.Now()}
}

// Put replaces all faults; what they say of the first moment holds when Put
// returns.
func (b *FaultBoard) Put(faults Faults) error {
	if err := faults.Validate(); err != nil {
		return err
	}
	b.mu.Lock()
	b.faults, b.since = faults, time.Now()
	b.apply()
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
	return nil
}

// Faults are what was put last.
func (b *FaultBoard) Faults() Faults {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.faults
}

// Run follows the schedule of whatever was put last until ctx ends.
func (b *FaultBoard) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.wake:
		case <-timer.C:
		}
		b.mu.Lock()
		b.apply()
		next, ok := b.next()
		b.mu.Unlock()
		timer.Stop()
		if ok {
			timer.Reset(next)
		}
	}
}

// apply breaks or mends every station whose conditions are not those of now.
// Callers hold mu.
func (b *FaultBoard) apply() {
	now := b.faults.At(time.Since(b.since))
	for system, station := range b.stations {
		if fault := now.Of(system); !fault.equal(station.Fault()) {
			station.Break(fault)
			b.logger.Info("conditions changed", "system", system, "fault", fault)
		}
	}
}

// next is how long until the schedule changes something. Callers hold mu.
func (b *FaultBoard) next() (time.Duration, bool) {
	elapsed := time.Since(b.since)
	for _, at := range b.faults.changes() {
		if at > elapsed {
			return at - elapsed, true
		}
	}
	return 0, false
}
