package twin

import (
	"context"
	"errors"
	"testing"
)

func TestTuneStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Tune(ctx, "pi", 60, 1, func(int, int, Trial, Trial) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
