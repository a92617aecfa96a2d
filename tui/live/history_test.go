package live_test

import (
	"testing"
	"time"

	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/serving"
	"sunbeon/tui/live"
)

var start = time.Date(2021, 7, 19, 20, 0, 0, 0, time.UTC)

// sampled is a state that saw one sample a second of a line whose bookings
// grow by perSecond.
func sampled(seconds int, perSecond int64) *live.State {
	s := &live.State{}
	for i := range seconds {
		at := start.Add(time.Duration(i) * time.Second)
		p := plan.New()
		p.Cohorts = map[string]plan.Cohort{"c": {ID: "c", Phase: plan.Open}}
		p.Lines = map[string]plan.Line{"c/g": {Cohort: "c", Gate: "g", Issued: 1_000, Booked: perSecond * int64(i)}}
		s.Receive(client.View{Plan: p}, at)
		s.Sample()
	}
	return s
}

func TestRateIsPerSecond(t *testing.T) {
	s := sampled(30, 40)
	points := s.History.Rate(func(x live.Sample) int64 { return x.Booked })
	if len(points) != 29 {
		t.Fatalf("%d points of 30 samples, want 29", len(points))
	}
	for _, p := range points {
		if p.Value != 40 {
			t.Errorf("at %v: %v a second, want 40", p.At, p.Value)
		}
	}
}

// Figures that were reported anew after a gate's restart may step back; a rate
// below nothing would be nonsense on a chart.
func TestRateIsNeverNegative(t *testing.T) {
	s := sampled(10, -5)
	for _, p := range s.History.Rate(func(x live.Sample) int64 { return x.Booked }) {
		if p.Value < 0 {
			t.Errorf("at %v: %v", p.At, p.Value)
		}
	}
}

func TestHistoryIsBounded(t *testing.T) {
	s := sampled(1000, 1)
	points := s.History.Series(func(x live.Sample) float64 { return float64(x.Booked) })
	if len(points) != 300 || points[299].Value != 999 {
		t.Errorf("%d samples, the last %v; want 300 and 999", len(points), points[len(points)-1].Value)
	}
}

func TestOldDataIsNotSampled(t *testing.T) {
	s := sampled(5, 1)
	s.Now = s.Now.Add(4 * time.Second)
	s.Sample()
	s.View.LeaderAge = time.Minute // the node answers, but is cut off itself
	s.Received = s.Now
	s.Sample()
	if n := len(s.History.Series(func(live.Sample) float64 { return 0 })); n != 5 {
		t.Errorf("%d samples, want 5", n)
	}
}

func TestTotalTakesTheLeasedRate(t *testing.T) {
	f := func(name string, segment serving.Segment, phase plan.Phase, held bool, want int64) {
		t.Helper()
		p := plan.New()
		p.Cohorts = map[string]plan.Cohort{"c": {ID: "c", Phase: phase}}
		p.Segments = map[string]plan.Segments{"c": {Current: segment}}
		if held {
			p.Holds = map[string]plan.Hold{"c": {Scope: "c"}}
		}
		s := &live.State{}
		s.Receive(client.View{Plan: p}, time.UnixMilli(10_000))
		if got := live.Total(s.Standings()).RateMilli; got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	running := serving.Segment{Cohort: "c", Number: 1, T0: 5_000, RateMilli: 9_000, Until: 15_000, Cap: 1_000}
	atEnd := running
	atEnd.Cap = 0
	over := running
	over.Until, over.FloorMilli = 6_000, 500
	f("running", running, plan.Open, false, 9_000)
	f("at the end of the line", atEnd, plan.Open, false, 9_000)
	f("lease over, no decay time", over, plan.Open, false, 500)
	f("on hold", running, plan.Open, true, 0)
	f("paused", running, plan.Paused, false, 0)
}
