package legacy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"
)

// Config describes a simulator.
type Config struct {
	// IssuerURL is the address under which the issuer is reached and which it
	// names in assertions, without a trailing slash.
	IssuerURL string
	// Dir keeps the issuer's key and the reservations; empty keeps neither.
	Dir string
	// Profiles has one profile for each of [Systems].
	Profiles map[string]Profile
	Roster   Roster
	// DosesPerInstitution bounds what each institution has of each vaccine; 0
	// does not.
	DosesPerInstitution int
	// Seed starts the chance by which requests vary and fail.
	Seed     uint64
	Registry prometheus.Registerer
	Logger   *slog.Logger
}

func (c Config) validate() error {
	if u, err := url.Parse(c.IssuerURL); err != nil || u.Host == "" {
		return fmt.Errorf("issuer URL %q: want scheme and host", c.IssuerURL)
	}
	for _, system := range Systems {
		profile, ok := c.Profiles[system]
		if !ok {
			return fmt.Errorf("no profile of %s", system)
		}
		if err := profile.Validate(); err != nil {
			return fmt.Errorf("%s: %w", system, err)
		}
	}
	if c.Roster.VaccinatedShare < 0 || c.Roster.VaccinatedShare > 1 {
		return errors.New("vaccinated share: want 0 to 1")
	}
	if c.DosesPerInstitution < 0 {
		return errors.New("doses per institution: want 0 or more")
	}
	return nil
}

// Simulator is all simulated systems together.
type Simulator struct {
	profiles  map[string]Profile
	stations  map[string]*Station
	faults    *FaultBoard
	issuer    *Issuer
	grants    *grants
	roster    Roster
	warehouse *Warehouse
	supplies  supplies

	registered registered
	metrics    *metrics
	logger     *slog.Logger
}

// New opens the systems and what they have kept.
func New(cfg Config) (*Simulator, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	issuer, err := NewIssuer(cfg.IssuerURL, cfg.Dir)
	if err != nil {
		return nil, err
	}
	log := ""
	if cfg.Dir != "" {
		log = filepath.Join(cfg.Dir, "stock.log")
	}
	warehouse, err := OpenWarehouse(log, cfg.DosesPerInstitution)
	if err != nil {
		return nil, err
	}
	stations := make(map[string]*Station, len(Systems))
	for n, system := range Systems {
		stations[system] = NewStation(cfg.Profiles[system], rand.New(rand.NewPCG(cfg.Seed, uint64(n))))
	}
	return &Simulator{
		profiles:  cfg.Profiles,
		stations:  stations,
		faults:    NewFaultBoard(stations, cfg.Logger),
		issuer:    issuer,
		grants:    newGrants(),
		roster:    cfg.Roster,
		warehouse: warehouse,

		registered: registered{known: map[string]Report{}},
		metrics:    newMetrics(cfg.Registry, stations),
		logger:     cfg.Logger,
	}, nil
}

// Run follows the fault schedule until ctx ends and then lets everyone go who
// waits in a queue, so that servers can drain.
func (s *Simulator) Run(ctx context.Context) {
	s.faults.Run(ctx)
	for _, station := range s.stations {
		station.Close()
	}
}

// Close releases what New opened. No request may be under way.
func (s *Simulator) Close() error { return s.warehouse.Close() }

// State is a system's condition at one moment.
type State struct {
	System   string  `json:"system"`
	Capacity float64 `json:"capacity" doc:"Requests a second it could do now."`
	Nominal  float64 `json:"nominal_capacity" doc:"Requests a second when well and not overloaded."`
	InFlight int     `json:"in_flight" doc:"Requests waiting or in work."`
	Fault    Fault   `json:"fault"`
}

// States lists all systems in the order of [Systems].
func (s *Simulator) States() []State {
	states := make([]State, 0, len(Systems))
	for _, system := range Systems {
		station := s.stations[system]
		states = append(states, State{
			System:   system,
			Capacity: station.Capacity(),
			Nominal:  s.profiles[system].Capacity,
			InFlight: station.InFlight(),
			Fault:    station.Fault(),
		})
	}
	return states
}
