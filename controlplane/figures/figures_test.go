package figures_test

import (
	"testing"
	"time"

	"sunbeon/controlplane/figures"
)

func TestRate(t *testing.T) {
	f := func(milli int64, want string) {
		t.Helper()
		if got := figures.Rate(milli); got != want {
			t.Errorf("Rate(%d) = %q, want %q", milli, got, want)
		}
	}
	f(0, "0.0/s")
	f(1, "0.00/s")
	f(250, "0.25/s")
	f(40_000, "40.0/s")
	f(212_340, "212.3/s")
	f(1_234_567, "1,235/s")
}

func TestCount(t *testing.T) {
	f := func(n int64, want string) {
		t.Helper()
		if got := figures.Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
	f(0, "0")
	f(999, "999")
	f(1000, "1,000")
	f(51_638_809, "51,638,809")
	f(-1234, "-1,234")
}

func TestAge(t *testing.T) {
	f := func(d time.Duration, want string) {
		t.Helper()
		if got := figures.Age(d); got != want {
			t.Errorf("Age(%v) = %q, want %q", d, got, want)
		}
	}
	f(-time.Second, "0.0 s")
	f(390*time.Millisecond, "0.3 s")
	f(42*time.Second, "42 s")
	f(3*time.Minute, "3 min")
	f(5*time.Hour, "5 h")
	f(50*time.Hour, "2 d")
	f(1<<62, "never")
}

func TestMoment(t *testing.T) {
	today := time.Date(2021, 7, 19, 20, 0, 0, 0, time.UTC)
	f := func(at time.Time, want string) {
		t.Helper()
		if got := figures.Moment(at.UnixMilli(), today, time.UTC); got != want {
			t.Errorf("Moment(%v) = %q, want %q", at, got, want)
		}
	}
	f(today, "20:00:00")
	f(today.Add(22*time.Hour), "07-20 18:00")
	f(time.UnixMilli(0), "-")
}
