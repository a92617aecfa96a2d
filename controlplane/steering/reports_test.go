package steering_test

import (
	"testing"

	"sunbeon/controlplane/steering"
)

// A line that was heard of every other step passed for one of which twice as many
// claim, and the rate stayed at two thirds of what could be served.
func TestReportsThatComeLessOftenThanSteps(t *testing.T) {
	f := func(everyS int) {
		t.Helper()
		const show = 0.5
		b := newBooth()
		b.state.Output.Rate = 0
		var heard steering.Line
		heardAt := 0
		for range 300 {
			b.step(false, func(in *steering.Inputs) {
				if b.second%everyS == 0 {
					heard, heardAt = in.Line, b.second
					heard.Later.Claimed *= show // who does, does at once
				}
				in.Line, in.Line.AgeMS = heard, int64(100+1000*(b.second-heardAt))
			})
		}
		if known := steering.Know(b.cfg, b.state).Show[1]; known < 0.9*show || known > 1.1*show {
			t.Errorf("a report every %d s: %.2f of the called claim, not %.1f", everyS, known, show)
		}
	}
	f(1)
	f(2)
	f(3)
}
