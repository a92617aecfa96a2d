package steering

import (
	"errors"
	"fmt"
)

// Config is what is known before the evening. It is the prior: everything in it
// that can be measured is learned and soon forgotten.
type Config struct {
	PeriodMS  int64            `json:"period_ms"` // between steps, and between scrapes
	Session   Session          `json:"session"`
	Resources []ResourceConfig `json:"resources"`
	Admission AdmissionConfig  `json:"admission"`
	Replicas  ReplicaConfig    `json:"replicas"`
}

// Session is how an admitted person is expected to behave.
type Session struct {
	LengthMS     int64   `json:"length_ms"` // claim to booking, mean
	ClaimDelayMS int64   `json:"claim_delay_ms"`
	Show         float64 `json:"show"` // share of called people who ever claim
	// RetryMS is the mean Retry-After of the WAS's "hold on", as clients obey it.
	RetryMS int64 `json:"retry_ms"`
}

// ResourceConfig is the prior of one resource. For WAS, the capacities are of
// one replica.
type ResourceConfig struct {
	Name     string  `json:"name"`
	Kind     Kind    `json:"kind"`
	Visits   float64 `json:"visits"`   // requests a session makes to it
	Proved   float64 `json:"proved"`   // requests a second it was seen to serve
	Believed float64 `json:"believed"` // requests a second it is thought to serve
	// AtMS is how long after the claim a session's requests come, in the mean; 0
	// is the middle of the session. What is asked at once at the end of it is
	// met by nobody for a while after an opening.
	AtMS int64 `json:"at_ms,omitempty"`
}

// AdmissionConfig tunes the rate. Shares are of the value in force.
type AdmissionConfig struct {
	// Rho is the share of the bottleneck's believed capacity to fill.
	Rho float64 `json:"rho"`
	// SlewPerS is how much of the proved rate may be added in a second.
	SlewPerS float64 `json:"slew_per_s"`
	// Probe is how far beyond what is served to try first, Recover the same up to
	// what was served tonight; both double with every dead time, up to ProbeMost.
	Probe     float64 `json:"probe"`
	Recover   float64 `json:"recover"`
	ProbeMost float64 `json:"probe_most"`
	// Explore is how far beyond the belief of before the evening to plan until
	// saturation is seen for the first time.
	Explore        float64 `json:"explore"`
	ChangesPerHour int     `json:"changes_per_hour"`
	// DecayMS is the time constant with which a blind rate falls to its floor.
	DecayMS int64 `json:"decay_ms"`
}

// ReplicaConfig tunes the WAS pool.
type ReplicaConfig struct {
	Headroom    float64 `json:"headroom"` // capacity above demand, 0.2 = a fifth
	ColdStartMS int64   `json:"cold_start_ms"`
	ShrinkMS    int64   `json:"shrink_ms"` // surplus must last this long
	AheadMS     int64   `json:"ahead_ms"`  // warm up this long before an opening
}

// Default returns a configuration for sessions of some two minutes, without
// resources.
func Default() Config {
	return Config{
		PeriodMS: 1000,
		Session:  Session{LengthMS: 120_000, ClaimDelayMS: 15_000, Show: 0.9, RetryMS: 4_000},
		Admission: AdmissionConfig{
			Rho: 0.978, SlewPerS: 0.1, Probe: 0.01, Recover: 0.06, ProbeMost: 1, Explore: 1.3,
			ChangesPerHour: 60, DecayMS: 120_000,
		},
		Replicas: ReplicaConfig{Headroom: 0.25, ColdStartMS: 45_000, ShrinkMS: 600_000, AheadMS: 120_000},
	}
}

// Validate reports everything wrong with c.
func (c Config) Validate() error {
	var errs []error
	positive := func(name string, v float64) {
		if !(v > 0) {
			errs = append(errs, fmt.Errorf("%s must be positive, is %v", name, v))
		}
	}
	positive("period_ms", float64(c.PeriodMS))
	positive("session.length_ms", float64(c.Session.LengthMS))
	positive("session.claim_delay_ms", float64(c.Session.ClaimDelayMS))
	positive("session.retry_ms", float64(c.Session.RetryMS))
	positive("session.show", c.Session.Show)
	positive("admission.rho", c.Admission.Rho)
	positive("admission.slew_per_s", c.Admission.SlewPerS)
	positive("admission.changes_per_hour", float64(c.Admission.ChangesPerHour))
	positive("admission.decay_ms", float64(c.Admission.DecayMS))
	if len(c.Resources) == 0 {
		errs = append(errs, errors.New("resources must not be empty"))
	}
	seen := map[string]bool{}
	for _, r := range c.Resources {
		if r.Name == "" || seen[r.Name] {
			errs = append(errs, fmt.Errorf("resource name %q is empty or used twice", r.Name))
		}
		seen[r.Name] = true
		if r.Kind != KindWAS && r.Kind != KindBackend {
			errs = append(errs, fmt.Errorf("resource %s: kind %q is neither %q nor %q", r.Name, r.Kind, KindWAS, KindBackend))
		}
		positive("resource "+r.Name+": visits", r.Visits)
		positive("resource "+r.Name+": proved", r.Proved)
		if r.Believed < r.Proved {
			errs = append(errs, fmt.Errorf("resource %s: believed %v is below proved %v", r.Name, r.Believed, r.Proved))
		}
	}
	return errors.Join(errs...)
}

// requests is the kernel expected of a resource: spread widely where nothing is
// known of when its requests come.
func (c Config) requests(r ResourceConfig) kernel {
	binS := float64(c.binMS()) / 1000
	if r.AtMS > 0 {
		return newKernel(r.Visits, float64(r.AtMS)/1000, 2.5, binS)
	}
	return newKernel(r.Visits, float64(c.Session.LengthMS)/2000, 1.5, binS)
}

func (c Config) resource(name string) (ResourceConfig, bool) {
	for _, r := range c.Resources {
		if r.Name == name {
			return r, true
		}
	}
	return ResourceConfig{}, false
}

// binMS is the resolution of the inventory: fine enough for the session, never
// finer than the steps that fill it.
func (c Config) binMS() int64 {
	return max(c.PeriodMS, (c.Session.LengthMS+c.Session.ClaimDelayMS)*6/historyBins)
}
