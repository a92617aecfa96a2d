//go:build !race

package twin

import (
	"slices"
	"testing"
)

const raced = false

// Evenings of that kind nobody tuned for: no trap is left in which a belief stays
// where the worst minute put it.
func TestStorms(t *testing.T) {
	sum, n := 0.0, 6
	for number := range n {
		board, err := Score(t.Context(), Storm(uint64(100+number)), []string{"cascade"}, 1, DefaultTuning())
		if err != nil {
			t.Fatal(err)
		}
		ours := board.Controllers["cascade"]
		if ours.Unsafe > 0 || ours.Ratio < 0.8 {
			t.Errorf("%s: goodput %.3f of the clairvoyant's, %v unsafe actions", board.Scenario, ours.Ratio, ours.Unsafe)
		}
		sum += min(1, ours.Ratio)
	}
	t.Logf("mean goodput %.3f", sum/float64(n))
	if mean := sum / float64(n); mean < 0.92 {
		t.Errorf("mean goodput %.3f of the clairvoyant's", mean)
	}
}

func TestTuneKeepsTheBest(t *testing.T) {
	var scores []float64
	best, err := Tune(t.Context(), "fixed", 1, 1, func(done, all int, trial, _ Trial) {
		scores = append(scores, trial.Score)
		if done != len(scores) || all != 2 {
			t.Errorf("%d of %d after %d", done, all, len(scores))
		}
		if rate := trial.Tuning.Fixed; rate < 0.4 || rate > 2 {
			t.Errorf("a rate of %g", rate)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(scores) != 2 || scores[0] == scores[1] || best.Score != slices.Max(scores) {
		t.Errorf("best %.3f of %.3f", best.Score, scores)
	}
}
