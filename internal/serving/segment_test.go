package serving_test

import (
	"errors"
	"math"
	"testing"

	"sunbeon/internal/serving"
)

func segment() serving.Segment {
	return serving.Segment{
		Cohort: "a", Number: 1, Start: 100, T0: 1_000_000, RateMilli: 10_000, Until: 1_010_000,
		Cap: 1_000_000, FloorMilli: 1_000, TauMS: 5_000,
	}
}

func TestAtWithinTheLease(t *testing.T) {
	s := segment()
	f := func(at, want int64) {
		t.Helper()
		if got := s.At(at); got != want {
			t.Errorf("At(%d) = %d, want %d", at, got, want)
		}
	}
	f(0, 100)
	f(1_000_000, 100)
	f(1_000_099, 100)
	f(1_000_100, 101)
	f(1_005_000, 150)
	f(1_010_000, 200)
}

func TestDecayTendsToTheFloor(t *testing.T) {
	s := segment()
	// 100 + 100 within the lease, then f·u + (λ−f)·τ·(1−e^(−u/τ)).
	u := 60.0
	want := 200 + u + 9*5*(1-math.Exp(-u/5))
	if got := s.At(1_070_000); got != int64(want) {
		t.Errorf("At after a minute without a lease = %d, want %d", got, int64(want))
	}
	if got := s.RateAt(1_070_000); got != 1_000 {
		t.Errorf("rate after a minute without a lease = %d, want the floor", got)
	}
	if got := s.RateAt(1_005_000); got != 10_000 {
		t.Errorf("rate within the lease = %d", got)
	}
}

func TestPauseStaysAPause(t *testing.T) {
	s := segment()
	s.RateMilli, s.FloorMilli = 0, 0
	if got := s.At(s.Until + 3_600_000); got != s.Start {
		t.Errorf("serving moved to %d in a pause", got)
	}
}

func TestCapHolds(t *testing.T) {
	s := segment()
	s.Cap = 130
	if got := s.At(1_009_000); got != 130 {
		t.Errorf("At = %d, want the cap", got)
	}
	if got := s.RateAt(1_009_000); got != 0 {
		t.Errorf("rate at the cap = %d, want 0", got)
	}
}

func TestValidate(t *testing.T) {
	if err := segment().Validate(); err != nil {
		t.Fatal(err)
	}
	f := func(name string, spoil func(*serving.Segment)) {
		t.Helper()
		s := segment()
		spoil(&s)
		if err := s.Validate(); !errors.Is(err, serving.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	f("no cohort", func(s *serving.Segment) { s.Cohort = "" })
	f("number zero", func(s *serving.Segment) { s.Number = 0 })
	f("cap below start", func(s *serving.Segment) { s.Cap = s.Start - 1 })
	f("lease ends before it begins", func(s *serving.Segment) { s.Until = s.T0 - 1 })
	f("floor above rate", func(s *serving.Segment) { s.FloorMilli = s.RateMilli + 1 })
	f("negative decay", func(s *serving.Segment) { s.TauMS = -1 })
}

func FuzzServingNeverMovesBack(f *testing.F) {
	f.Add(int64(0), int64(10_000), int64(10_000), int64(1_000), int64(5_000), int64(1<<40), int64(9_900), int64(200))
	f.Fuzz(func(t *testing.T, start, rate, lease, floor, tau, limit, at, more int64) {
		s := serving.Segment{
			Cohort: "a", Number: 1, Start: start, T0: 1, RateMilli: rate, Until: 1 + lease,
			Cap: limit, FloorMilli: floor, TauMS: tau,
		}
		if s.Validate() != nil || at < 0 || more < 0 || at > 1<<45 || more > 1<<45 || lease > 1<<45 || rate > 1<<45 {
			t.Skip()
		}
		a, b := s.At(at), s.At(at+more)
		if b < a {
			t.Fatalf("S(%d)=%d but S(%d)=%d under %+v", at, a, at+more, b, s)
		}
		if b > s.Cap || a < s.Start {
			t.Fatalf("S left [%d, %d]: %d, %d", s.Start, s.Cap, a, b)
		}
	})
}
