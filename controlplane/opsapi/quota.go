package opsapi

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// quotas bound what one operator may ask of a node: a script that runs away
// with a valid token must not keep the node from everybody else.
type quotas struct {
	each rate.Limit // requests a second; 0: no bound

	mu  sync.Mutex
	per map[string]*rate.Limiter // by operator, of which the plan bounds the number
}

// quotaBurst is how many seconds' worth may come at once: a terminal that starts
// reads everything.
const quotaBurst = 5

func newQuotas(perSecond float64) *quotas {
	return &quotas{each: rate.Limit(perSecond), per: map[string]*rate.Limiter{}}
}

// wait is how long the operator must be silent; zero when the request may go on.
func (q *quotas) wait(operator string, now time.Time) time.Duration {
	if q.each <= 0 {
		return 0
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	limiter := q.per[operator]
	if limiter == nil {
		limiter = rate.NewLimiter(q.each, int(q.each*quotaBurst)+1)
		q.per[operator] = limiter
	}
	reservation := limiter.ReserveN(now, 1)
	if delay := reservation.DelayFrom(now); delay > 0 {
		reservation.CancelAt(now)
		return delay
	}
	return 0
}
