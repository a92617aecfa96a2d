// Package staging plays a scenario of the simulation for real: it turns the
// scenario into a script for the synthetic citizens, capacities and a fault
// schedule for the simulated upstream systems, and the very configuration the
// steering has in the simulation. What cannot be played for real is an error,
// never left out. Compare then says how far the two evenings are apart.
package staging

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"sunbeon/controlplane/steering"
	"sunbeon/controlplane/twin"
	"sunbeon/reservation/rush"
	"sunbeon/reservation/upstream/legacy"
)

// Staging is a scenario as real processes play it.
type Staging struct {
	Scenario *twin.Scenario
	Script   rush.Script
	Steering steering.Config
	// Systems are the upstream systems' profiles.
	Systems map[string]legacy.Profile
	// Faults is to be put at the opening.
	Faults legacy.Faults
	// Kills and Silences count from the opening.
	Kills    []Kill
	Silences []Silence
}

// Kill ends so many WAS at once, with SIGKILL.
type Kill struct {
	At    time.Duration
	Count int
}

// Silence stops every control-plane node for a while, so that nobody steers.
type Silence struct{ At, For time.Duration }

// uses are the upstream requests that the real pages make.
var uses = map[string]map[string]float64{
	rush.PageEligibility:  {legacy.Eligibility: 1},
	rush.PageInstitutions: {},
	rush.PageSlots:        {},
	rush.PageBook:         {legacy.Stock: 1},
}

// plentiful is the capacity of a system that the scenario leaves out.
const plentiful = 100_000

// New stages a scenario, or says all that cannot be played. Both evenings begin at
// the rate that operators would have approved, where the scenario names none.
func New(s *twin.Scenario) (*Staging, error) {
	s = s.Approved()
	g := &Staging{Scenario: s, Steering: twin.Configure(s), Systems: map[string]legacy.Profile{}}
	err := errors.Join(g.checkPages(), g.stageResources(), g.stageFaults(), g.checkRest())
	if err != nil {
		return nil, fmt.Errorf("scenario %s cannot be played for real: %w", s.Name, err)
	}
	g.write()
	return g, nil
}

func seconds(d twin.Duration) time.Duration { return time.Duration(float64(d) * float64(time.Second)) }

func pause(d twin.Distribution) rush.Pause {
	return rush.Pause{MeanMS: float64(d.Mean) * 1000, CV: d.CV}
}

// write writes the script.
func (g *Staging) write() {
	s := g.Scenario
	g.Script = rush.Script{
		Lobby: int(math.Round(s.People.Lobby)), Show: s.People.Show, ShowLater: s.People.ShowLater,
		Claim: pause(s.People.ClaimDelay), PatienceMS: seconds(s.People.Patience).Milliseconds(),
		Pages: map[string]rush.Pause{}, Retry: pause(s.Session.Retry.After), Leave: s.Session.Leave, GiveUp: s.Session.Retry.GiveUp,
	}
	for _, a := range s.People.Arrivals {
		g.Script.Streams = append(g.Script.Streams, rush.Stream{
			People: int(math.Round(a.People)), Shape: a.Shape,
			FromMS: seconds(a.From).Milliseconds(), OverMS: seconds(a.Over).Milliseconds(),
		})
	}
	for _, r := range s.Session.Requests {
		g.Script.Pages[r.Name] = pause(r.Think)
	}
}

// checkPages compares the session with the pages that there are.
func (g *Staging) checkPages() error {
	var names []string
	var errs []error
	for _, r := range g.Scenario.Session.Requests {
		names = append(names, r.Name)
		for _, system := range []string{legacy.Eligibility, legacy.Stock} {
			real, known := uses[r.Name][system], uses[r.Name] != nil
			if _, simulated := g.resource(system); known && simulated && r.Uses[system] != real {
				errs = append(errs, fmt.Errorf("page %s makes %g requests to %s, not %g", r.Name, real, system, r.Uses[system]))
			}
		}
	}
	if !slices.Equal(names, rush.Pages()) {
		errs = append(errs, fmt.Errorf("the pages are %s, not %s", strings.Join(rush.Pages(), ", "), strings.Join(names, ", ")))
	}
	return errors.Join(errs...)
}

func (g *Staging) resource(name string) (twin.Resource, bool) {
	for _, r := range g.Scenario.Resources {
		if r.Name == name {
			return r, true
		}
	}
	return twin.Resource{}, false
}

// stageResources gives the simulated systems their capacities. The WAS and the
// ledger are the real ones of this machine, whatever the scenario says.
func (g *Staging) stageResources() error {
	var errs []error
	for _, r := range g.Scenario.Resources {
		if r.Replicas == nil && r.Name != "ledger" && !slices.Contains(legacy.Systems, r.Name) {
			errs = append(errs, fmt.Errorf("there is no resource %s: there are was, ledger, %s", r.Name, strings.Join(legacy.Systems, ", ")))
		}
	}
	for _, system := range legacy.Systems {
		profile := legacy.Profile{Capacity: plentiful, ServiceTime: time.Millisecond}
		if r, ok := g.resource(system); ok {
			profile = legacy.Profile{Capacity: r.Capacity, ServiceTime: seconds(r.Latency), Collapse: r.Collapse}
			// The scenario's collapse begins at a second of queue.
			profile.Saturation = max(1, int(r.Capacity*(1+float64(r.Latency))))
		}
		if err := profile.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", system, err))
		}
		g.Systems[system] = profile
	}
	return errors.Join(errs...)
}

func (g *Staging) checkRest() error {
	s := g.Scenario
	var errs []error
	if s.LocalGate.Off {
		errs = append(errs, errors.New("the local gate of a WAS cannot be taken away"))
	}
	if s.People.Inside > 0 {
		errs = append(errs, errors.New("nobody is inside before the opening"))
	}
	if want := g.Steering.PeriodMS; want != steering.Default().PeriodMS {
		errs = append(errs, fmt.Errorf("the control plane looks every %d ms, not every %d", steering.Default().PeriodMS, want))
	}
	if s.People.Lobby < 1 && len(s.People.Arrivals) == 0 {
		errs = append(errs, errors.New("nobody comes"))
	}
	return errors.Join(errs...)
}

// Length is how long the evening lasts after the opening.
func (g *Staging) Length() time.Duration { return seconds(g.Scenario.Duration) }

// Lobby is how long people may come before the opening.
func (g *Staging) Lobby() time.Duration { return seconds(g.Scenario.Lobby) }

// Pool is the scenario's WAS pool.
func (g *Staging) Pool() twin.Replicas {
	for _, r := range g.Scenario.Resources {
		if r.Replicas != nil {
			return *r.Replicas
		}
	}
	return twin.Replicas{}
}
