package cli

import (
	"testing"
	"time"
)

func TestTheMomentToExplain(t *testing.T) {
	now := time.Date(2026, 7, 20, 0, 5, 0, 0, time.UTC)
	f := func(text string, want time.Time) {
		t.Helper()
		got, err := momentOf(text, now)
		if err != nil && !want.IsZero() || err == nil && !got.Equal(want) {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	f("", now)
	f("00:04:30", now.Add(-30*time.Second))
	f("20:14:30", time.Date(2026, 7, 19, 20, 14, 30, 0, time.UTC))
	f("2026-07-19T23:00:00Z", time.Date(2026, 7, 19, 23, 0, 0, 0, time.UTC))
	f("2026-07-20T00:06:00Z", time.Time{})
	f("yesterday", time.Time{})
}
