package credential

import (
	"encoding/binary"
	"testing"
)

// What is forgotten is what was unused the longest.
func TestRecentKeepsWhatIsUsed(t *testing.T) {
	var r recent[int]
	name := func(n int) digest {
		var d digest
		binary.LittleEndian.PutUint64(d[:], uint64(n))
		return d
	}
	const many = 3 * generationOfPasses
	for n := range many {
		r.remember(name(n), n)
		if _, ok := r.recall(name(0)); !ok {
			t.Fatalf("forgot what was used a moment ago, after %d", n)
		}
	}
	for n, want := range map[int]bool{0: true, 1: false, many - generationOfPasses + 1: true, many - 1: true, many: false} {
		if got, ok := r.recall(name(n)); ok != want || ok && got != n {
			t.Errorf("%d: %d, %v", n, got, ok)
		}
	}
	if held := len(r.young) + len(r.old); held > 2*generationOfPasses {
		t.Errorf("%d are held", held)
	}
}
