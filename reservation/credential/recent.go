package credential

import (
	"crypto/sha256"
	"sync"
)

// generationOfPasses is how many passes each of the two generations of a memory
// holds.
const generationOfPasses = 1 << 16

type digest = [sha256.Size]byte

func digestOf(token string) digest { return sha256.Sum256([]byte(token)) }

// recent remembers something of the tokens used last, by their digests. The zero
// value is empty.
type recent[T any] struct {
	mu         sync.Mutex
	young, old map[digest]T
}

func (r *recent[T]) recall(d digest) (T, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known, ok := r.young[d]; ok {
		return known, true
	}
	known, ok := r.old[d]
	if ok {
		r.insert(d, known)
	}
	return known, ok
}

func (r *recent[T]) remember(d digest, known T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.insert(d, known)
}

// insert drops the older generation when the younger is full, which forgets the
// tokens unused the longest without tracking each one's use.
func (r *recent[T]) insert(d digest, known T) {
	if r.young == nil || len(r.young) >= generationOfPasses {
		r.young, r.old = map[digest]T{}, r.young
	}
	r.young[d] = known
}
