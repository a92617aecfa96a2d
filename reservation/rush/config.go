package rush

import (
	"errors"
	"fmt"
	"net/url"
	"time"
)

// Config says how large a rush is and where it goes.
type Config struct {
	Gate   string // base URL of the citizen's gate
	Legacy string // base URL of the identity issuer
	Cohort string // empty for the first one that has not closed
	People int
	Seed   uint64
	// Think is the mean time a person looks at a page. The times of the
	// evening that are not of the timetable are multiples of it, so that one
	// number compresses it all.
	Think time.Duration
	// For bounds the run from its start; zero waits for everybody.
	For time.Duration
	// AtOnce, where not zero, is how many people may be on their way at once:
	// the others come when somebody has left. That makes the load a closed
	// loop, which finds how many people a second the servers take and says
	// nothing of latency.
	AtOnce int
	// Journal is the file to write, which must not exist.
	Journal  string
	Arrivals Arrivals
	Habits   Habits
	// Script, where set, gives People and takes the place of Think, Arrivals
	// and Habits.
	Script *Script
	// Outsiders is the share of people who do not belong to the cohort, and
	// Foreigners that of foreign residents, 0 to 1.
	Outsiders, Foreigners float64
	// Progress is called every ProgressEvery while the rush lasts, if set.
	Progress      func(Progress)
	ProgressEvery time.Duration
}

// DefaultThink fits an evening into a minute; in earnest it is half a minute.
const DefaultThink = time.Second

// Defaults returns the rush of the demonstration. Its shares are assumptions.
func Defaults() Config {
	return Config{
		People:        8000,
		Seed:          1,
		Think:         DefaultThink,
		Arrivals:      Arrivals{Lobby: 0.6, Spike: 0.28, Tail: 0.12},
		Habits:        Habits{GiveUpWaiting: 0.03, GiveUpAdmitted: 0.02, SecondDevice: 0.05, ClaimLate: 0.05, Cancel: 0.03, Rebook: 0.5},
		Outsiders:     0.01,
		Foreigners:    0.03,
		ProgressEvery: time.Second,
	}
}

const mostPeople = 10_000_000

// In steps of thinking: how fast the crowd of the opening arrives, and how long
// people keep coming after it.
const (
	spikeSteps = 2
	tailSteps  = 20
)

func (c *Config) validate() error {
	for name, base := range map[string]string{"gate": c.Gate, "identity issuer": c.Legacy} {
		u, err := url.Parse(base)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("address of the %s %q: want a URL such as http://127.0.0.1:8800", name, base)
		}
	}
	if c.Script != nil {
		if err := c.Script.validate(); err != nil {
			return fmt.Errorf("script: %w", err)
		}
		c.People = c.Script.People()
	}
	switch {
	case c.People < 1 || c.People > mostPeople:
		return fmt.Errorf("people %d: want 1 to %d", c.People, mostPeople)
	case c.Think <= 0:
		return fmt.Errorf("think time %s: want more than zero", c.Think)
	case c.For < 0:
		return fmt.Errorf("duration %s: want zero or more", c.For)
	case c.AtOnce < 0:
		return fmt.Errorf("%d people at once: want zero or more", c.AtOnce)
	case c.Arrivals.Lobby < 0 || c.Arrivals.Spike < 0 || c.Arrivals.Tail < 0:
		return errors.New("shares of arrivals must not be negative")
	case c.Arrivals.Lobby+c.Arrivals.Spike+c.Arrivals.Tail == 0:
		return errors.New("shares of arrivals sum to nothing")
	}
	h := c.Habits
	for _, share := range []float64{h.GiveUpWaiting, h.GiveUpAdmitted, h.SecondDevice, h.ClaimLate, h.Cancel, h.Rebook} {
		if !(share >= 0 && share <= 1) {
			return fmt.Errorf("share %g of people: want 0 to 1", share)
		}
	}
	if c.Arrivals.SpikeMean == 0 {
		c.Arrivals.SpikeMean = spikeSteps * c.Think
	}
	if c.Arrivals.TailLength == 0 {
		c.Arrivals.TailLength = tailSteps * c.Think
	}
	return nil
}
