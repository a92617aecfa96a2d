package identity

import (
	"time"

	"golang.org/x/time/rate"
)

// Meter bounds the checks each provider gets, so that the rush is spread
// before it reaches them.
type Meter struct {
	limits map[string]*rate.Limiter
	others *rate.Limiter
}

// NewMeter allows each provider perSecond checks, and as many at once.
func NewMeter(perSecond int) *Meter {
	m := &Meter{limits: map[string]*rate.Limiter{}, others: rate.NewLimiter(rate.Limit(perSecond), perSecond)}
	for _, provider := range Providers {
		m.limits[provider] = rate.NewLimiter(rate.Limit(perSecond), perSecond)
	}
	return m
}

// Take asks for one check at now. If the provider has none left, it returns
// false and how long until it has: nothing is reserved, so people who never
// come back hold nobody up.
func (m *Meter) Take(provider string, now time.Time) (retryAfter time.Duration, ok bool) {
	limit, known := m.limits[provider]
	if !known {
		limit = m.others
	}
	if limit.AllowN(now, 1) {
		return 0, true
	}
	missing := 1 - limit.TokensAt(now)
	return time.Duration(missing / float64(limit.Limit()) * float64(time.Second)), false
}
