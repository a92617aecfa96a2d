package loop

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sunbeon/controlplane/steering"
)

// Evening is what is known of an evening beforehand. All of it is only where
// the learning starts.
type Evening struct {
	// Session is how long an admitted person takes to book; ClaimDelay how long
	// after the call people claim.
	Session, ClaimDelay time.Duration
	// ColdStart is how long a WAS takes from its start to full speed.
	ColdStart time.Duration
	// Resources in the form of [ParseResource]; empty means DefaultResources.
	Resources []string
}

// DefaultResources are the priors of the demonstration's systems: what a person
// asks of each, what each was seen to do and is thought to do a second, and how
// far into the session it is asked.
var DefaultResources = []string{
	"was:was:5:150:400:0.3",
	"ledger:backend:1.2:200:2000:0.4",
	"eligibility:backend:1:60:200:0.02",
	"stock:backend:1:60:120:0.4",
}

// ParseResource reads a resource's prior: name:kind:visits:proved:believed or the
// same with :at, where kind is "was" or "backend", visits is requests a session,
// the capacities are requests a second (of one replica, for WAS), and at is the
// mean time of those requests as a share of the session, which is not known
// where it is left out.
func ParseResource(text string, session time.Duration) (steering.ResourceConfig, error) {
	parts := strings.Split(text, ":")
	if len(parts) != 5 && len(parts) != 6 {
		return steering.ResourceConfig{}, fmt.Errorf("resource %q: want name:kind:visits:proved:believed or the same with :at", text)
	}
	r, at := steering.ResourceConfig{Name: parts[0], Kind: steering.Kind(parts[1])}, 0.0
	for i, field := range []*float64{&r.Visits, &r.Proved, &r.Believed, &at}[:len(parts)-2] {
		value, err := strconv.ParseFloat(parts[i+2], 64)
		if err != nil {
			return steering.ResourceConfig{}, fmt.Errorf("resource %q: %q is not a number", text, parts[i+2])
		}
		*field = value
	}
	if !(at >= 0 && at <= 1) {
		return steering.ResourceConfig{}, fmt.Errorf("resource %q: at %g is no share of the session", text, at)
	}
	r.AtMS = int64(at * float64(session.Milliseconds()))
	return r, nil
}

// Steering is the configuration of the steering for an evening.
func (e Evening) Steering() (steering.Config, error) {
	cfg := steering.Default()
	cfg.Session.LengthMS = e.Session.Milliseconds()
	cfg.Session.ClaimDelayMS = e.ClaimDelay.Milliseconds()
	cfg.Replicas.ColdStartMS = e.ColdStart.Milliseconds()
	// What was tuned for sessions of two minutes scales with shorter ones.
	if pace := e.Session.Seconds() / 120; pace < 1 {
		cfg.Replicas.ShrinkMS = int64(max(pace*float64(cfg.Replicas.ShrinkMS), 30_000))
		cfg.Replicas.AheadMS = int64(max(pace*float64(cfg.Replicas.AheadMS), 5_000))
		cfg.Admission.DecayMS = int64(max(pace*float64(cfg.Admission.DecayMS), 10_000))
		cfg.Admission.ChangesPerHour = int(float64(cfg.Admission.ChangesPerHour) / pace)
	}
	resources := e.Resources
	if len(resources) == 0 {
		resources = DefaultResources
	}
	for _, text := range resources {
		r, err := ParseResource(text, e.Session)
		if err != nil {
			return cfg, err
		}
		cfg.Resources = append(cfg.Resources, r)
	}
	return cfg, cfg.Validate()
}
