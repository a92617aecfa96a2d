package steering_test

import (
	"fmt"
	"math"
	"testing"

	"sunbeon/controlplane/steering"
)

// booth is a compressed evening in front of one stock system: sessions take
// eight seconds, and stock serves capacity requests a second or, stalled, none.
type booth struct {
	cfg      steering.Config
	state    steering.State
	told     []steering.Decision
	capacity float64
	leave    float64 // share of the people inside who give up in a second of stall
	waiting  float64
	running  int
	frozen   float64 // share of the people who hang on WAS that froze
	second   int

	called, inside, queue float64
}

func newBooth() *booth {
	b := &booth{cfg: house(), capacity: 118, leave: 0.1, waiting: 1e5, running: 2}
	b.cfg.Session.LengthMS, b.cfg.Session.ClaimDelayMS, b.cfg.Replicas.ColdStartMS = 8000, 2000, 2000
	b.cfg.Admission.ChangesPerHour = 900
	b.cfg.Resources = []steering.ResourceConfig{
		{Name: "was", Kind: steering.KindWAS, Visits: 5, Proved: 150, Believed: 400},
		{Name: "stock", Kind: steering.KindBackend, Visits: 1, Proved: 60, Believed: 120},
	}
	b.state.Output.Rate = 110
	return b
}

func (b *booth) inputs() steering.Inputs {
	now := startMS + int64(b.second)*1000
	in := steering.Inputs{
		NowMS: now, Term: 1, FreshScrapes: b.second,
		Replicas:  steering.Replicas{Desired: 2, Running: b.running},
		Cohorts:   []steering.Cohort{{ID: "c", OpenMS: startMS, Approved: true, Open: true, Waiting: b.waiting}},
		Admission: steering.Control{Mode: steering.ModeAuto, Max: 1000, Floor: 33, Current: b.state.Output.Rate},
		Scaling:   steering.Control{Mode: steering.ModeAuto, Min: 2, Max: 2, Current: 2},
		Opening:   steering.Control{Mode: steering.ModeAuto},
	}
	flow := steering.Flow{Called: b.called, Claimed: b.called}
	in.Line = steering.Line{AgeMS: 100, Later: flow, Waiting: b.waiting, Sessions: b.inside}
	return in
}

// step plays a second and steers at its end.
func (b *booth) step(stalled bool, change func(*steering.Inputs)) {
	b.second++
	rate := 0.0
	if b.waiting > 0 {
		rate = b.state.Output.Rate
	}
	b.called, b.inside, b.queue = b.called+rate, b.inside+rate, b.queue+0.9*rate*(1-b.frozen)
	served := min(b.queue, b.capacity)
	if stalled {
		served, b.inside, b.queue = 0, b.inside*(1-b.leave), b.queue*(1-b.leave)
	}
	b.queue, b.inside = b.queue-served, max(0, b.inside-served)
	if b.inside < 0.5 {
		b.inside, b.queue = 0, 0
	}
	wobble := 0.001 * float64(b.second%7)
	hanging := min(b.queue, 60)
	stock := steering.Resource{
		Name: "stock", Kind: steering.KindBackend, AgeMS: 100, Throughput: served,
		InFlight: hanging + wobble, Latency: 0.02 + wobble + hanging/118, Utilisation: 0.2,
	}
	if b.queue > 60 {
		stock.Rejected, stock.Rejecting = min(b.queue-60, 400)/2, 1
	}
	was := steering.Resource{
		Name: "was", Kind: steering.KindWAS, AgeMS: 100, Throughput: 5 * served,
		InFlight: 1 + wobble, Latency: 0.02 + wobble, Utilisation: 0.2,
	}
	if stalled {
		stock.Latency, was.Throughput = math.NaN(), b.inside
	}
	in := b.inputs()
	in.Resources = []steering.Resource{was, stock}
	if change != nil {
		change(&in)
	}
	var told []steering.Decision
	b.state, told = steering.Step(b.cfg, b.state, in)
	b.told = append(b.told, told...)
}

func (b *booth) play(seconds int, stalled bool) float64 {
	for range seconds {
		b.step(stalled, nil)
	}
	return b.state.Output.Rate
}

// proved is what stock is known to serve.
func (b *booth) proved() float64 {
	for i, name := range b.state.Names {
		if name == "stock" {
			return b.state.Estimates[i].Proved
		}
	}
	return 0
}

// The rate stayed at zero for ever: nothing was served because nobody was let
// in, and nobody was let in because nothing was served.
func TestTheRateComesBackAfterATotalStall(t *testing.T) {
	f := func(stallS int, leave float64) {
		t.Helper()
		t.Run(fmt.Sprintf("%ds_%.2f", stallS, leave), func(t *testing.T) {
			b := newBooth()
			b.leave = leave
			before, proved := b.play(60, false), b.proved()
			lowest := before
			for range stallS {
				lowest = min(lowest, b.play(1, true))
			}
			if lowest > 0 {
				t.Errorf("the rate never fell below %.1f while nothing was served", lowest)
			}
			if now := b.proved(); now < 0.9*proved {
				t.Errorf("the outage left %.1f of %.1f proved", now, proved)
			}
			highest, mean := 0.0, 0.0
			for range 30 {
				highest = max(highest, b.play(1, false))
			}
			for range 30 {
				mean += b.play(1, false) / 30
			}
			if highest < 0.85*before || mean < 0.85*before {
				t.Errorf("30 s after the mend the rate had come to %.1f and was %.1f in the half minute after that, before it was %.1f", highest, mean, before)
			}
		})
	}
	f(30, 0.02)
	f(30, 0.1)
	f(120, 0.02)
	f(120, 0.1)
	f(120, 0.5)
}

// What a restart risks while the system is still dark is the certified floor.
func TestARestartIntoADarkSystemStaysAtTheFloor(t *testing.T) {
	b := newBooth()
	b.play(60, false)
	b.play(40, true)
	for range 300 {
		if rate := b.play(1, true); rate > 1.25*33 {
			t.Fatalf("%d s into the stall the rate is %.1f", b.second-60, rate)
		}
	}
}
