package gate

import (
	"math/rand/v2"
	"time"
)

// issuerRetry is when to ask a silent identity issuer again, and holdRetry
// when to come back to booking servers that are busy or gone.
const (
	issuerRetry = 2 * time.Second
	holdRetry   = time.Second
)

// jitter spreads people who were told the same time over as long again, so
// that they do not come back together.
func jitter(d time.Duration) time.Duration {
	d = max(d, 50*time.Millisecond)
	return d + rand.N(d)
}

// jitterMS is [jitter] for milliseconds.
func jitterMS(ms int64) time.Duration { return jitter(time.Duration(ms) * time.Millisecond) }
