package upstream

import "sync"

// budget bounds retries by volume: each call earns a share of a retry, each
// retry spends a whole one, and little can be saved up. failsafe's own budget
// bounds retries in flight, which lets fast failures through without limit.
type budget struct {
	share, most float64

	mu      sync.Mutex
	savings float64
}

// newBudget allows one retry for every 1/share calls, and so many in a row
// after a quiet time.
func newBudget(share, most float64) *budget { return &budget{share: share, most: most, savings: most} }

func (b *budget) earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.savings = min(b.savings+b.share, b.most)
}

func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.savings < 1 {
		return false
	}
	b.savings--
	return true
}
