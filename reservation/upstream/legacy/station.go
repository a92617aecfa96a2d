package legacy

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

var (
	// ErrFull means that the queue was full: nothing was done.
	ErrFull = errors.New("queue is full")
	// ErrDown means that the system is down: nothing was done.
	ErrDown = errors.New("system is down")
	// ErrStopped means that the simulator is stopping: nothing was done.
	ErrStopped = errors.New("simulator is stopping")
)

// Treatment is what becomes of a request that was worked on.
type Treatment int

const (
	// Honest requests take effect and are answered truly.
	Honest Treatment = iota
	// Erring ones have no effect and are answered with an error.
	Erring
	// Lying ones are answered with something untrue.
	Lying
	// Lost ones take effect, but the answer never arrives.
	Lost
)

// Station is one system: a queue, workers, and the capacity they share. A
// request holds a worker from its start to its end, which is the later of two
// moments: its own service time has passed, and the shared capacity has got
// round to it. Below saturation the first decides (latency is flat), at
// saturation the second (throughput is flat), beyond it the capacity falls.
type Station struct {
	profile Profile
	ctx     context.Context
	stop    context.CancelFunc
	workers *semaphore.Weighted

	inFlight atomic.Int64

	mu      sync.Mutex
	random  *rand.Rand
	fault   Fault
	changed chan struct{} // closed when fault changes
	free    time.Time     // when the shared capacity has done all it was given
}

// NewStation opens a system without faults. All chance comes from random.
func NewStation(profile Profile, random *rand.Rand) *Station {
	profile = profile.filled()
	ctx, stop := context.WithCancel(context.Background())
	return &Station{
		profile: profile,
		ctx:     ctx,
		stop:    stop,
		workers: semaphore.NewWeighted(int64(profile.Workers)),
		random:  random,
		changed: make(chan struct{}),
	}
}

// Close lets everyone go who waits, with ErrStopped.
func (s *Station) Close() { s.stop() }

// InFlight is the number of requests waiting or in work.
func (s *Station) InFlight() int { return int(s.inFlight.Load()) }

// Fault is what is wrong now.
func (s *Station) Fault() Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}

// Break changes what is wrong. Work already begun is caught by a stall and goes
// on after it; otherwise it ends as it began.
func (s *Station) Break(fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
	close(s.changed)
	s.changed = make(chan struct{})
}

// Capacity is what the system could do a second at this moment.
func (s *Station) Capacity() float64 {
	fault := s.Fault()
	if fault.Down || fault.Stall {
		return 0
	}
	return s.rate(fault)
}

// rate is what the shared capacity does a second under a fault and the load of
// this moment.
func (s *Station) rate(fault Fault) float64 {
	present := s.profile
	present.Capacity = fault.capacity(present.Capacity) * fault.capacityFactor()
	return present.CapacityAt(s.InFlight())
}

// Serve takes a request through the system and returns when it is done. There
// is no way to leave early: a caller who gave up still costs the work.
func (s *Station) Serve() (Treatment, error) {
	if s.Fault().Down {
		return 0, ErrDown
	}
	inFlight := s.inFlight.Add(1)
	defer s.inFlight.Add(-1)
	if s.profile.Queue != Unbounded && inFlight > int64(s.profile.Workers+s.profile.Queue) {
		return 0, ErrFull
	}
	if s.workers.Acquire(s.ctx, 1) != nil {
		return 0, ErrStopped
	}
	defer s.workers.Release(1)
	for {
		fault, changed, end := s.begin()
		if fault.Down {
			return 0, ErrDown
		}
		if fault.Stall {
			select {
			case <-changed:
				continue
			case <-s.ctx.Done():
				return 0, ErrStopped
			}
		}
		done, err := s.work(end, changed)
		if err != nil {
			return 0, err
		}
		if done {
			return s.treat(fault), nil
		}
	}
}

// begin takes the request's share of the capacity and tells when its work
// ends, unless the system stands still.
func (s *Station) begin() (fault Fault, changed <-chan struct{}, end time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault.Down || s.fault.Stall {
		return s.fault, s.changed, time.Time{}
	}
	now := time.Now()
	if s.free.Before(now) {
		s.free = now
	}
	s.free = s.free.Add(time.Duration(float64(time.Second) / s.rate(s.fault)))
	own := s.profile.ServiceTime
	if s.profile.Jitter > 0 {
		own += time.Duration((2*s.random.Float64() - 1) * float64(s.profile.Jitter))
	}
	end = now.Add(s.fault.serviceTime(own))
	if s.free.After(end) {
		end = s.free
	}
	return s.fault, s.changed, end.Add(s.fault.extraLatency())
}

// work waits for end. It reports false when a stall or failure came between:
// then the work has to be taken up again.
func (s *Station) work(end time.Time, changed <-chan struct{}) (bool, error) {
	timer := time.NewTimer(time.Until(end))
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return true, nil
		case <-s.ctx.Done():
			return false, ErrStopped
		case <-changed:
			s.mu.Lock()
			stands := s.fault.Stall || s.fault.Down
			changed = s.changed
			s.mu.Unlock()
			if stands {
				return false, nil
			}
		}
	}
}

// treat decides by the fault's rates what becomes of a finished request.
func (s *Station) treat(fault Fault) Treatment {
	s.mu.Lock()
	dice := s.random.Float64()
	s.mu.Unlock()
	for _, chance := range []struct {
		rate float64
		then Treatment
	}{{fault.ErrorRate, Erring}, {fault.LieRate, Lying}, {fault.LostRate, Lost}} {
		if dice < chance.rate {
			return chance.then
		}
		dice -= chance.rate
	}
	return Honest
}
