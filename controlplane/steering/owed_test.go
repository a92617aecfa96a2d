package steering

import (
	"math"
	"testing"
)

const deadS = 100

func strained() *estimate {
	return &estimate{Ratio: 1, Saturated: true, Strikes: strikesNeeded, DeadMS: 1000 * deadS}
}

// People told to hold on knock for half a request or for two. Booked as work, what
// knocked was owed long after nobody knocked any more, and the house ran empty.
func TestWhatKnocksIsNotBooked(t *testing.T) {
	e := strained()
	e.Backlog = 5000
	e.owe(400, 300, 1e6, 1e6, 1)
	if e.Owed != 100 || e.wants() != 5000 {
		t.Errorf("owed %.0f, wanted %.0f", e.Owed, e.wants())
	}
	e.Backlog = 0
	if e.wants() != 100 {
		t.Errorf("%.0f wanted when nobody knocks", e.wants())
	}
}

// Whoever is inside was counted: they cannot be owed more than they would ask for.
func TestPeopleInsideBoundWhatIsOwed(t *testing.T) {
	e := &estimate{Ratio: 1, CalmMS: 2000 * deadS, DeadMS: 1000 * deadS}
	if most := e.inside(1000, 1900, false, 1); !math.IsInf(most, 1) || e.Remain != 0 {
		t.Errorf("at most %.0f before anything was learned; %.1f each learned of a young house", most, e.Remain)
	}
	e.inside(1000, 1200, true, 1)
	e.Saturated = true
	if most, want := e.inside(1000, 500, true, 1), insideSlack*1.2*1000-500; most < want-1 || most > want+1 {
		t.Errorf("at most %.0f, want %.0f: 1.2 each, less what is foreseen of them", most, want)
	}
	if e.Remain != 1.2 {
		t.Errorf("strain taught that each asks for %.2f", e.Remain)
	}
}

// Everybody suddenly asked 1.6 times as much. More was served than was foreseen all the
// while, yet the strain kept the ratio where it was, and the rate at 1.6 times too much.
func TestWhatNobodyForesawIsLearnedUnderStrain(t *testing.T) {
	learned := func(foreseen, served, grows float64) float64 {
		e := strained()
		e.Grows = grows
		for range deadS {
			e.owe(foreseen*e.Ratio, served, 1e6, 1e6, 1)
			e.unforeseen(foreseen, 1, 1)
		}
		return e.Ratio
	}
	if got := learned(500, 600, 200); got < 1.3 || got > 1.7 {
		t.Errorf("a ratio of %.2f where 500 were foreseen, 600 served, and 200 more wait every second", got)
	}
	if got := learned(500, 300, 200); got != 1 {
		t.Errorf("a ratio of %.2f where those who wait were foreseen", got)
	}
	if got := learned(500, 505, 0); got != 1 {
		t.Errorf("a ratio of %.2f for the error of the kernel", got)
	}
	if got := learned(1, 1000, 1000); got > ratioMost {
		t.Errorf("a ratio of %.2f", got)
	}
}

// What is left over from a strain is done before the horizon, not just by then.
func TestWhatIsOwedIsDrainedBeforeTheHorizon(t *testing.T) {
	f := forecast{cellS: []float64{5}, load: make([][cells]float64, 1), unit: make([][cells]float64, 1)}
	for c := range cells {
		f.load[0][c], f.unit[0][c] = 250, 5*float64(c)/cells
	}
	const target = 100
	free := target*(drained*5+slackS) - drained*250.0
	if rate := f.drain(0, 1, target, free); rate != 0 {
		t.Errorf("%.1f a second while what is owed takes all there is", rate)
	}
	if rate := f.drain(0, 1, target, free/2); rate <= 0 {
		t.Errorf("%.1f a second while half is free", rate)
	}
	if rate := f.drain(0, 1, target, 10*free); rate != 0 {
		t.Errorf("%.1f a second", rate)
	}
}

// A capacity that kept falling while it was strained was afterwards planned for as
// it had been when the strain began, and strained at once.
func TestTheMarkSinksWithALastingStrain(t *testing.T) {
	e := &estimate{Mark: 500, Begun: 450, Smooth: 405}
	if e.sink(); e.Mark != 450 {
		t.Errorf("marked at %.0f, want a tenth less than 500", e.Mark)
	}
	e = &estimate{Mark: 500, Begun: 450, Smooth: 449}
	if e.sink(); e.Mark != 500 {
		t.Errorf("marked at %.0f for noise", e.Mark)
	}
}
