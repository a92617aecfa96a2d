package twin

import (
	"context"
	"errors"
	"slices"
	"testing"
)

func TestTuneKeepsTheBest(t *testing.T) {
	if raced {
		return // three dozen evenings
	}
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

func TestTuneStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Tune(ctx, "pi", 60, 1, func(int, int, Trial, Trial) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
