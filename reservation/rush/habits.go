package rush

import (
	"math/rand/v2"
	"time"
)

// Habits are the shares, 0 to 1, of people who do what is not on the straight
// way from the line to a booking.
type Habits struct {
	GiveUpWaiting  float64 // leave the line before they are called
	GiveUpAdmitted float64 // leave after they were let in
	SecondDevice   float64 // come again from another device, through another provider
	ClaimLate      float64 // see only later that they were called
	Cancel         float64 // cancel what they booked
	Rebook         float64 // of those who cancel, book again at once
}

// temper is what one person is going to do, drawn before they arrive.
type temper struct {
	patience                    time.Duration // leave the line after this long; zero is never
	lateness                    time.Duration // from being called to claiming
	leaves, twice, cancels, rue bool
	absent                      bool // never claims
}

// Someone who leaves the line or misses the call does so after a time in the
// order of some steps of their way.
const (
	patienceSteps = 10
	latenessSteps = 8
)

func (h Habits) draw(r *rand.Rand, think time.Duration) temper {
	chance := func(share float64) bool { return r.Float64() < share }
	around := func(steps float64) time.Duration { return time.Duration(steps * r.ExpFloat64() * float64(think)) }
	// Every number is drawn whatever the shares are, so that changing one share
	// leaves what other people do as it was.
	patience, lateness := around(patienceSteps), around(latenessSteps)
	t := temper{
		leaves:  chance(h.GiveUpAdmitted),
		twice:   chance(h.SecondDevice),
		cancels: chance(h.Cancel),
		rue:     chance(h.Rebook),
	}
	if chance(h.GiveUpWaiting) {
		t.patience = max(patience, time.Nanosecond)
	}
	if chance(h.ClaimLate) {
		t.lateness = lateness
	}
	return t
}
