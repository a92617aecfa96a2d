package gate

import (
	"context"
	"errors"
	"net/http"
	"time"

	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/observability"
	"sunbeon/reservation/waitingroom/fairness"
)

// ControlPlane is what the gate follows and reports to.
type ControlPlane interface {
	Watch(ctx context.Context, deliver func(client.View)) error
	Submit(ctx context.Context, command plan.Command) (plan.Result, error)
}

// Config of a gate.
type Config struct {
	ID string
	// Data holds the record of the waiting room; Keys the secrets.
	Data, Keys string
	// URL and PrivateURL are where others reach this gate.
	URL, PrivateURL string
	// Version is what the gate registers itself as running.
	Version string
	// Issuer is the OIDC issuer's URL, ClientID what it calls this service and
	// ClientSecret what it gave it, if anything.
	Issuer, ClientID, ClientSecret string
	// PublicURL is where citizens reach the pages, without a trailing slash,
	// as registered with the issuer; empty is wherever they came.
	PublicURL string
	// IdentityRate is how many checks a second each provider gets.
	IdentityRate int
	// LoginLife and PassLife are how long a login, and the serving time of a
	// pass, last.
	LoginLife, PassLife time.Duration
	// SecureCookies marks cookies for https only.
	SecureCookies bool
	// LookupLane is how many look-ups, changes and cancellations run at once.
	LookupLane int
	// Witnesses may sign the record's checkpoints too.
	Witnesses []fairness.Witness
	// WAS is the transport to the booking servers; see [waspool.Transport].
	WAS http.RoundTripper
	// Gates is the transport to other gates' private listeners, which a
	// break-glass hold is passed on to; nil where this is the only gate.
	Gates http.RoundTripper

	ControlPlane  ControlPlane
	Observability *observability.Observability
	// Now is the clock; nil means the system's.
	Now func() time.Time
}

func (c *Config) validate() error {
	switch {
	case c.ID == "":
		return errors.New("gate has no id")
	case c.Data == "" || c.Keys == "":
		return errors.New("gate has no data or keys directory")
	case c.Issuer == "":
		return errors.New("gate has no identity issuer")
	case c.ControlPlane == nil || c.Observability == nil || c.WAS == nil:
		return errors.New("gate is not wired to control plane, observability or booking servers")
	}
	if c.ClientID == "" {
		c.ClientID = "sunbeon"
	}
	if c.IdentityRate <= 0 {
		c.IdentityRate = 1000
	}
	if c.LoginLife <= 0 {
		c.LoginLife = 24 * time.Hour
	}
	if c.PassLife <= 0 {
		c.PassLife = 30 * time.Minute
	}
	if c.LookupLane <= 0 {
		c.LookupLane = 32
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return nil
}
