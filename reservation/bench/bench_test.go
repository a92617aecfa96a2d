package bench_test

import (
	"bytes"
	"strings"
	"testing"

	"sunbeon/reservation/bench"
)

// A small run measures everything there is to measure.
func TestEveryFigureIsMeasured(t *testing.T) {
	report, err := bench.Run(t.Context(), bench.Settings{
		Dir: t.TempDir(), People: 20_000, Connections: 8, Rounds: 1, Joins: 500, Polls: 500, WithoutRedis: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, figure := range map[string]float64{
		"joins_ratio": report.JoinsRatio, "polls_ratio": report.PollsRatio, "not_modified_ratio": report.NotModifiedRatio,
		"disk": report.DiskBytesPerPerson, "restart": report.RestartS, "draw": report.DrawS,
		"own turn": report.OwnTurnMicros, "group": report.RecordsPerGroup, "fill": report.FillPerS,
	} {
		if figure <= 0 {
			t.Errorf("%s: %v", name, figure)
		}
	}
	var text bytes.Buffer
	if err := report.Write(&text); err != nil || !strings.Contains(text.String(), "not wanted") {
		t.Errorf("told as %v\n%s", err, text.String())
	}
}

func TestSettingsThatMeasureNothingAreRefused(t *testing.T) {
	if _, err := bench.Run(t.Context(), bench.Settings{Dir: t.TempDir(), People: 1}); err == nil {
		t.Error("a run without rounds")
	}
}
