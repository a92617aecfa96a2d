package steering_test

import "testing"

// A desk that pauses for three seconds every minute was taken, after each pause, for
// one that can do what it was seen to do in it, which came to half of what it can;
// and the changes of an hour were spent on that.
func TestAPauseOfSecondsIsNoLowerCapacity(t *testing.T) {
	const most, lead, seconds = 100.0, 60.0, 3600
	booked, changes := wicket{
		Proved: 50, Believed: 100, Max: 1000, Floor: 10, Most: most, LeadS: lead,
		Can: func(second int, _ float64) float64 {
			if second%60 < 3 {
				return 0
			}
			return most
		},
	}.play(seconds)
	share := booked / (most * (57.0 / 60) * (seconds - lead))
	t.Logf("%.3f of what was possible, %d changes", share, changes)
	if share < 0.75 {
		t.Error("want 0.75")
	}
}
