package steering_test

import "testing"

// A desk that books 500 people a second, but only 400 while more than a second's
// work waits, looks under strain as if it could do 400. What it carried before the strain is
// what it can do: neither may 400 be planned for ever after, nor may it be driven
// into strain again and again.
func TestMarkIsWhatWasCarriedBeforeTheStrain(t *testing.T) {
	const least, most, lead, seconds = 400.0, 500.0, 20.0, 3600
	strained := 0.0
	booked, _ := wicket{
		Proved: 200, Believed: 400, Max: 5000, Floor: 50, Most: most, LeadS: lead,
		Can: func(_ int, queue float64) float64 {
			if queue <= most {
				return most
			}
			strained++
			return least
		},
	}.play(seconds)
	share := booked / (most * (seconds - lead))
	t.Logf("%.3f of what was possible, under strain for %.3f of the hour", share, strained/seconds)
	if share < 0.87 || strained > 0.16*seconds {
		t.Error("want 0.87, and under strain for at most 0.16")
	}
}
