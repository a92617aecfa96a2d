package credential

import "testing"

// What is forgotten is what was unused the longest.
func TestRecentKeepsWhatIsUsed(t *testing.T) {
	const size, many = 100, 350
	r := newRecent[int, int](size)
	for n := range many {
		r.remember(n, -n)
		if _, ok := r.recall(0); !ok {
			t.Fatalf("forgot what was used a moment ago, after %d", n)
		}
	}
	for n, want := range map[int]bool{0: true, 1: false, many - size + 1: true, many - 1: true, many: false} {
		if got, ok := r.recall(n); ok != want || ok && got != -n {
			t.Errorf("%d: %d, %v", n, got, ok)
		}
	}
	if held := len(r.young) + len(r.old); held > 2*size {
		t.Errorf("%d are held", held)
	}
	for _, want := range []bool{true, false} {
		if got := r.forget(0); got != want {
			t.Errorf("forgets 0: %v", got)
		}
	}
	if _, ok := r.recall(0); ok {
		t.Error("0 is known after it was forgotten")
	}
}
