package credential

import "sync"

// recent remembers the keys used last, in two generations of a size.
type recent[K comparable, V any] struct {
	size int

	mu         sync.Mutex
	young, old map[K]V
}

func newRecent[K comparable, V any](size int) recent[K, V] {
	return recent[K, V]{size: size, young: map[K]V{}}
}

func (r *recent[K, V]) recall(key K) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known, ok := r.young[key]; ok {
		return known, true
	}
	known, ok := r.old[key]
	if ok {
		r.insert(key, known)
	}
	return known, ok
}

func (r *recent[K, V]) remember(key K, known V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.insert(key, known)
}

// insert drops the older generation when the younger is full, which forgets the
// keys unused the longest without tracking each one's use.
func (r *recent[K, V]) insert(key K, known V) {
	if len(r.young) >= r.size {
		r.young, r.old = map[K]V{}, r.young
	}
	r.young[key] = known
}

// forget reports whether a key was known, which it is no longer.
func (r *recent[K, V]) forget(key K) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, young := r.young[key]
	_, old := r.old[key]
	delete(r.young, key)
	delete(r.old, key)
	return young || old
}
