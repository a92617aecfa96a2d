package steering_test

import (
	"math"
	"strings"
	"testing"

	"sunbeon/controlplane/steering"
)

// rates are the decisions on the admission rate since the last call that
// changed or held it.
func (b *booth) rates() []steering.Decision {
	var out []steering.Decision
	for _, d := range b.told {
		if d.Actuator == steering.ActuatorAdmission && d.Action != steering.ActionOutcome {
			out = append(out, d)
		}
	}
	b.told = nil
	return out
}

// indexOf is the place of a resource among the estimates.
func (b *booth) indexOf(t *testing.T, name string) int {
	t.Helper()
	for i, n := range b.state.Names {
		if n == name {
			return i
		}
	}
	t.Fatalf("no resource %s", name)
	return -1
}

func wantSentence(t *testing.T, told []steering.Decision, part string) {
	t.Helper()
	for _, d := range told {
		if strings.Contains(d.Because.En, part) {
			return
		}
	}
	t.Errorf("no decision says %q:", part)
	for _, d := range told {
		t.Logf("%s %v → %v: %s", d.Action, d.From, d.To, d.Because.En)
	}
}

// The belief of 120/s was told as what is proved, which was 60.
func TestWhatIsBelievedIsNotToldAsProved(t *testing.T) {
	b := newBooth()
	b.state.Output.Rate = 20
	b.play(8, false)
	wantSentence(t, b.rates(), "exploring stock, 60/s proved, 120/s believed")
}

func TestNothingSaturatesIsNotSaidWhileSomethingDoes(t *testing.T) {
	b := newBooth()
	b.play(20, false)
	was, stock := b.indexOf(t, "was"), b.indexOf(t, "stock")
	b.rates()
	b.state.Estimates[stock].Saturated, b.state.Estimates[stock].Quiet = true, 0
	pool := &b.state.Estimates[was]
	pool.Proved, pool.Believed, pool.Prior, pool.Smooth = 20, 20, 20, 20
	b.play(1, false)
	told := b.rates()
	wantSentence(t, told, "stock is saturated, but WAS limits more")
	for _, d := range told {
		if strings.Contains(d.Because.En, "nothing saturates") {
			t.Errorf("said: %s", d.Because.En)
		}
	}
}

func TestThatNoWASRunsIsSaid(t *testing.T) {
	b := newBooth()
	b.play(20, false)
	b.rates()
	b.running = 0
	b.play(5, false)
	wantSentence(t, b.rates(), "no WAS runs: 0 of 2 are ready")
}

// After a stall the rate was "held at 0, limited by stock at 62/s".
func TestAClimbAfterAStallSaysWhereToAndWhy(t *testing.T) {
	b := newBooth()
	b.play(60, false)
	b.play(30, true)
	wantSentence(t, b.rates(), "stock is dark: nothing is served")
	b.play(20, false)
	told := b.rates()
	wantSentence(t, told, "stock is back after an outage")
	for _, d := range told {
		if d.Action == steering.ActionHold && d.To == 0 && strings.Contains(d.Because.En, "limited by stock") {
			t.Errorf("held at 0: %s", d.Because.En)
		}
	}
}

// A new leader told "lower 130 → 70" when it raised the 65 in force.
func TestANewLeaderTellsFromWhatIsInForce(t *testing.T) {
	b := newBooth()
	rate := b.play(60, false)
	b.rates()
	current := rate / 2
	b.step(false, func(in *steering.Inputs) { in.Term, in.Admission.Current = 2, current })
	told := b.rates()
	if len(told) != 1 {
		t.Fatalf("want one decision, have %+v", told)
	}
	if d := told[0]; d.Action != steering.ActionRaise || math.Abs(d.From-current) > 0.01 || d.To <= d.From {
		t.Errorf("%.1f in force, told %s %.1f → %.1f", current, d.Action, d.From, d.To)
	}
}

func TestDirectionsAreThoseOfTheNumbers(t *testing.T) {
	b := newBooth()
	b.play(60, false)
	b.play(30, true)
	b.play(200, false)
	for _, d := range b.rates() {
		if d.Action == steering.ActionRaise && d.To <= d.From || d.Action == steering.ActionLower && d.To >= d.From {
			t.Errorf("%s from %v to %v", d.Action, d.From, d.To)
		}
	}
}

// The rate climbed from 110 to 263 a second with no visitor at all.
func TestAnEmptyLineRaisesNothing(t *testing.T) {
	b := newBooth()
	b.waiting, b.state.Output.Rate = 0, 50
	if rate := b.play(120, false); rate > 50 {
		t.Errorf("with nobody in line the rate went from 50 to %.1f", rate)
	}
	if told := b.rates(); len(told) != 0 {
		t.Errorf("with nobody in line it was decided %+v", told)
	}
	b.waiting = 1e5
	if rate := b.play(20, false); rate < 60 {
		t.Errorf("20 s after people came the rate is %.1f", rate)
	}
}

// Before the opening each step told "raise 116.427 → 116.44".
func TestNothingIsDecidedBeforeAnythingIsOpen(t *testing.T) {
	b := newBooth()
	for range 60 {
		b.step(false, func(in *steering.Inputs) {
			in.Cohorts[0].Open, in.Cohorts[0].OpenMS = false, startMS+3_600_000
			in.Admission.Current = 110
		})
	}
	if told := b.rates(); len(told) != 0 {
		t.Errorf("%d decisions, the first %+v", len(told), told[0])
	}
}

func TestARateOnItsWayIntoForceIsToldOnce(t *testing.T) {
	b := newBooth()
	current := b.play(60, false)
	b.rates()
	for range 4 {
		b.step(false, func(in *steering.Inputs) { in.Admission.Current, in.Admission.Max = current, 60 })
	}
	told := b.rates()
	if len(told) != 1 || told[0].From != math.Round(current*1000)/1000 || told[0].To != 60 {
		t.Errorf("want one decision from %.3f to 60, have %+v", current, told)
	}
}

func TestBeforeTheFirstScrapeTelemetryIsNotCalledLost(t *testing.T) {
	b := newBooth()
	unseen := func(in *steering.Inputs) {
		in.FreshScrapes, in.Resources = 0, nil
	}
	for range 60 {
		b.step(false, unseen)
	}
	told := b.rates()
	wantSentence(t, told, "no telemetry yet")
	for _, d := range told {
		if strings.Contains(d.Because.En, "lost") {
			t.Errorf("said: %s", d.Because.En)
		}
	}
}

// "On time and approved" stood on record twice: the plan took a second to open.
func TestAnOpeningIsRecordedOnce(t *testing.T) {
	b := newBooth()
	openings := func(late int, openMS int64) (n int) {
		t.Helper()
		for range late {
			b.step(false, func(in *steering.Inputs) { in.Cohorts[0].Open, in.Cohorts[0].OpenMS = false, openMS })
			if len(b.state.Output.Open) != 1 {
				t.Fatal("a due cohort is not to be open")
			}
		}
		b.step(false, nil)
		for _, d := range b.told {
			if d.Action == steering.ActionOpen {
				n++
			}
		}
		b.told = nil
		return n
	}
	if n := openings(5, startMS); n != 1 {
		t.Errorf("one opening is recorded %d times", n)
	}
	b.state = clone(t, b.state)
	if n := openings(2, startMS); n != 0 {
		t.Errorf("the next leader records it %d times more", n)
	}
	if n := openings(3, startMS+2000); n != 1 {
		t.Errorf("an opening at another hour is recorded %d times", n)
	}
}
