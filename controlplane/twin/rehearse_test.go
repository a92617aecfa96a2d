package twin_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"sunbeon/controlplane/steering"
	"sunbeon/controlplane/twin"
)

// house is a stock system that lets 250 people a second through, and what stands
// before it.
func house() steering.Config {
	cfg := steering.Default()
	cfg.Resources = []steering.ResourceConfig{
		{Name: "was", Kind: steering.KindWAS, Visits: 5, Proved: 60, Believed: 100},
		{Name: "eligibility", Kind: steering.KindBackend, Visits: 1, Proved: 300, Believed: 500},
		{Name: "stock", Kind: steering.KindBackend, Visits: 2, Proved: 300, Believed: 500},
	}
	return cfg
}

// tonight is two hundred thousand people before a stock system that lets 250 a
// second through.
func tonight() twin.Tonight {
	cfg := house()
	return twin.Tonight{
		Name: "tonight", Waiting: 200_000, Replicas: twin.Replicas{Start: 4, Min: 2, Max: 40, ColdStart: 45},
		RateMax: 2000, Floor: 80, PeriodS: 1, Knowledge: steering.Know(cfg, steering.State{}),
	}
}

func rehearse(t *testing.T, evening twin.Tonight, change *twin.WhatIf) (twin.Answer, error) {
	t.Helper()
	return twin.Rehearse(t.Context(), evening, change, func(float64) {})
}

func TestRehearsalSaysHowLongAndWhatIf(t *testing.T) {
	asBelieved, err := rehearse(t, tonight(), nil)
	if err != nil {
		t.Fatal(err)
	}
	// 200,000 people, 0.9 of whom claim, two visits each at 500 a second: 720 s.
	if asBelieved.BookedS == nil || *asBelieved.BookedS < 720 || *asBelieved.BookedS > 1300 {
		t.Errorf("booked after %v s, want some more than 720", asBelieved.BookedS)
	}
	if asBelieved.LimitedBy != "stock" {
		t.Errorf("limited by %s", asBelieved.LimitedBy)
	}
	// 250 sessions a second, five pages each, on WAS of 100 a second: at least 13.
	if asBelieved.Replicas < 12 || asBelieved.Replicas > 22 {
		t.Errorf("%d WAS, want some more than 12", asBelieved.Replicas)
	}
	if asBelieved.Ratio < 0.9 {
		t.Errorf("books %.2f of what is possible", asBelieved.Ratio)
	}
	half, err := rehearse(t, tonight(), &twin.WhatIf{Resource: "stock", Factor: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	if half.BookedS == nil || *half.BookedS < 1.7**asBelieved.BookedS || *half.BookedS > 2.4**asBelieved.BookedS {
		t.Errorf("at half the stock system's capacity booked after %v s, as believed after %v s", half.BookedS, asBelieved.BookedS)
	}
	other, err := rehearse(t, tonight(), &twin.WhatIf{Resource: "eligibility", Factor: 0.2})
	if err != nil {
		t.Fatal(err)
	}
	if other.LimitedBy != "eligibility" {
		t.Errorf("limited by %s where eligibility has a fifth", other.LimitedBy)
	}
}

func TestRehearsalOfNothingIsAnError(t *testing.T) {
	empty := tonight()
	empty.Waiting = 0
	if _, err := rehearse(t, empty, nil); err == nil {
		t.Error("an evening of nobody was rehearsed")
	}
	for _, change := range []twin.WhatIf{{Resource: "moon", Factor: 0.5}, {Resource: "moon"}, {Resource: "stock", Factor: -1}} {
		if _, err := rehearse(t, tonight(), &change); err == nil {
			t.Errorf("%+v was rehearsed", change)
		}
	}
}

// A system that answers nothing lets nobody book, however long one waits; one
// that answers nearly nothing takes longer than anybody would rehearse in full.
func TestRehearsalWithoutASystem(t *testing.T) {
	none, err := rehearse(t, tonight(), &twin.WhatIf{Resource: "stock"})
	if err != nil {
		t.Fatal(err)
	}
	if none.BookedS != nil || none.Bookings > 0 || none.LimitedBy != "stock" || none.Failed > 0.01 {
		t.Errorf("without the stock system: %+v", none)
	}
	little, err := rehearse(t, tonight(), &twin.WhatIf{Resource: "stock", Factor: 0.002})
	if err != nil {
		t.Fatal(err)
	}
	if little.BookedS != nil || little.LimitedBy != "stock" || little.SimulatedS != 24*3600 {
		t.Errorf("with a five-hundredth of the stock system: %+v", little)
	}
	// One of 500 requests a second, two a person, for a day.
	if little.Bookings < 0.9*43_200 || little.Bookings > 1.05*43_200 {
		t.Errorf("%.0f bookings at half a person a second, want nearly 43,200", little.Bookings)
	}
}

// While a system is dark the steering believes in none of it: then nothing can be
// foreseen but what it will be like once the system is back.
func TestRehearsalWhileASystemIsDark(t *testing.T) {
	evening := tonight()
	for i := range evening.Knowledge.Resources {
		if r := &evening.Knowledge.Resources[i]; r.Name == "stock" {
			r.Believed = 0
		}
	}
	now, err := rehearse(t, evening, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !now.Dark || now.LimitedBy != "stock" || now.BookedS != nil || now.Bookings > 0 {
		t.Errorf("as it is: %+v", now)
	}
	back, err := rehearse(t, evening, &twin.WhatIf{Resource: "stock", Factor: 1})
	if err != nil {
		t.Fatal(err)
	}
	// 200,000 people, 0.9 of whom claim, two visits each at 300 a second: 1,200 s.
	if back.Dark || back.BookedS == nil || *back.BookedS < 1200 || *back.BookedS > 1900 {
		t.Errorf("once it is back: %+v", back)
	}
}

// Whoever ends a rehearsal gets the terminal back at once.
func TestRehearsalEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	told := 0.0
	_, err := twin.Rehearse(ctx, tonight(), nil, func(share float64) {
		if told = share; share > 0.1 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || told > 0.2 {
		t.Errorf("%v, at %.2f of it", err, told)
	}
}

// People inside book as well, and what they ask is not there for those who wait.
func TestRehearsalCountsPeopleInside(t *testing.T) {
	empty, full := tonight(), tonight()
	full.Inside = 20_000
	before, err := rehearse(t, empty, nil)
	if err != nil {
		t.Fatal(err)
	}
	after, err := rehearse(t, full, nil)
	if err != nil {
		t.Fatal(err)
	}
	if more := after.Bookings - before.Bookings; more < 0.9*full.Inside || more > 1.01*full.Inside {
		t.Errorf("%.0f more bookings with %.0f people inside", more, full.Inside)
	}
	if *after.BookedS < *before.BookedS+30 {
		t.Errorf("booked after %.0f s with people inside, after %.0f s without", *after.BookedS, *before.BookedS)
	}
	full.Waiting = 0
	if alone, err := rehearse(t, full, nil); err != nil || alone.BookedS == nil || alone.Bookings < 0.9*full.Inside {
		t.Errorf("those inside alone: %+v, %v", alone, err)
	}
}

// A rehearsal of an evening in full swing let in as many people as into an empty
// house, and told of people held whom nobody saw.
func TestRehearsalKnowsWhoIsInside(t *testing.T) {
	cfg, state := house(), steering.State{}
	const perSecond, seconds = 250, 120
	in := steering.Inputs{
		Term: 3, Replicas: steering.Replicas{Desired: 16, Running: 16},
		Admission: steering.Control{Mode: steering.ModeAuto, Max: 2000, Floor: 80, Current: perSecond / 0.9},
		Scaling:   steering.Control{Mode: steering.ModeAuto, Min: 2, Max: 40},
		Cohorts:   []steering.Cohort{{ID: "tonight", Open: true, Approved: true, Weight: 1, Waiting: 2e5}},
	}
	for i := range int64(seconds) {
		in.NowMS = 1_700_000_000_000 + 1000*i
		in.Line.Lobby = steering.Flow{Called: float64(i) * perSecond / 0.9, Claimed: float64(i) * perSecond}
		in.Line.Waiting, in.Line.Sessions = 2e5, min(60, float64(i))*perSecond
		in.Resources, in.FreshScrapes = nil, int(i)
		for _, r := range cfg.Resources {
			asked := r.Visits * perSecond * (1 - math.Exp(-float64(i)/60)) * (1 + 0.01*math.Sin(float64(i)))
			in.Resources = append(in.Resources, steering.Resource{
				Name: r.Name, Kind: r.Kind, Throughput: asked, InFlight: asked / 20, Latency: 0.05, Utilisation: asked / 2000,
			})
		}
		state, _ = steering.Step(cfg, state, in)
	}
	evening := tonight()
	evening.Inside, evening.Rate, evening.Replicas.Start = 60*perSecond, perSecond/0.9, 16
	empty, err := rehearse(t, evening, nil)
	if err != nil {
		t.Fatal(err)
	}
	evening.Going = &twin.Going{Config: cfg, State: state}
	going, err := rehearse(t, evening, nil)
	if err != nil {
		t.Fatal(err)
	}
	if going.Held > 0.75*empty.Held {
		t.Errorf("%.3f held, %.3f by a steering that takes the house for empty", going.Held, empty.Held)
	}
	if again, err := rehearse(t, evening, nil); err != nil || again.Held != going.Held {
		t.Errorf("%.3f held, and %.3f when asked again: %v", going.Held, again.Held, err)
	}
}
