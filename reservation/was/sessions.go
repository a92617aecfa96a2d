package was

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Searching is cheap but not free, and a pass is no licence to scrape: a person
// who clicks does a few requests a minute.
const (
	searchesPerSecond = 4
	searchBurst       = 24
	ownPerSecond      = 1 // looks at one's own booking, changes, cancellations
	ownBurst          = 12
	sessionIdle       = time.Minute
)

// sessions remembers who is in, for the metric and the limit a person. It lives
// in one process; with several, people get the sum of their limits.
type sessions struct {
	mu   sync.Mutex
	open map[string]*session
}

type session struct {
	seen     time.Time
	admitted bool // with a pass
	tried    bool // to book
	booked   bool
	search   *rate.Limiter
	own      *rate.Limiter
}

func newSessions() *sessions { return &sessions{open: map[string]*session{}} }

// touch notes that a person with a pass is here and reports whether they may
// search; the pause is how long to wait otherwise.
func (s *sessions) touch(person string, now time.Time) (pause time.Duration, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.of(person, now)
	at.admitted = true
	return take(at.search, now)
}

// look is touch for somebody who looks after their booking, in the lane that
// takes no pass.
func (s *sessions) look(person string, now time.Time) (pause time.Duration, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return take(s.of(person, now).own, now)
}

// of is the person's session. Callers hold mu.
func (s *sessions) of(person string, now time.Time) *session {
	at := s.open[person]
	if at == nil {
		at = &session{search: rate.NewLimiter(searchesPerSecond, searchBurst), own: rate.NewLimiter(ownPerSecond, ownBurst)}
		s.open[person] = at
	}
	at.seen = now
	return at
}

func take(from *rate.Limiter, now time.Time) (pause time.Duration, ok bool) {
	turn := from.ReserveN(now, 1)
	if wait := turn.DelayFrom(now); wait > 0 {
		turn.CancelAt(now)
		return wait, false
	}
	return 0, true
}

// tries notes that a person tries to book and reports whether they did before,
// in this session and at this server.
func (s *sessions) tries(person string, now time.Time) (before bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.of(person, now)
	before, at.tried = at.tried, true
	return before
}

func (s *sessions) booked(person string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := s.open[person]; at != nil {
		at.booked = true
	}
}

func (s *sessions) active() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, at := range s.open {
		if at.admitted && !at.booked {
			n++
		}
	}
	return float64(n)
}

// run forgets people who have not been seen for a while.
func (s *sessions) run(ctx context.Context, now func() time.Time) {
	tick := time.NewTicker(sessionIdle / 12)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.forget(now().Add(-sessionIdle))
		}
	}
}

func (s *sessions) forget(before time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for person, at := range s.open {
		if at.seen.Before(before) {
			delete(s.open, person)
		}
	}
}
