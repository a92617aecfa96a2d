package record

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
)

// ErrBusy: too many are having old groups read back; ask again.
var ErrBusy = errors.New("too many old records are being looked up")

// shelfQueue is how many may wait for a group to be read back.
const shelfQueue = 64

// shelf holds the groups read back last, and bounds what reading back costs: one
// group at a time, so that a nation that asks for old receipts takes no more
// than one core from those who join, and [recentRecords] in memory.
type shelf struct {
	waiting atomic.Int32

	mu      sync.Mutex
	batches []*batch // latest used first
	records int
}

// fetch returns the group that holds position, from the shelf or from disk. The
// error is [ErrBusy] or the disk's.
func (s *shelf) fetch(position uint64, at place) (*batch, error) {
	defer s.waiting.Add(-1)
	if s.waiting.Add(1) > shelfQueue {
		return nil, ErrBusy
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.batches, func(b *batch) bool { return b.holds(position) })
	if i >= 0 {
		b := s.batches[i]
		s.batches = slices.Insert(slices.Delete(s.batches, i, i+1), 0, b)
		return b, nil
	}
	b, err := readBatch(at)
	if err != nil {
		return nil, err
	}
	s.batches = slices.Insert(s.batches, 0, b)
	s.records += len(b.ends)
	for last := len(s.batches) - 1; last > 0 && (s.records > recentRecords || last >= shelfGroups); last-- {
		s.records -= len(s.batches[last].ends)
		s.batches[last] = nil
		s.batches = s.batches[:last]
	}
	return b, nil
}

// shelfGroups keeps looking through the shelf cheap where groups are small.
const shelfGroups = 1024

func (b *batch) holds(position uint64) bool {
	return position >= b.first && position < b.first+uint64(len(b.ends))
}
