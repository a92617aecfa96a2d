package gate

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/observability"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/gate/identity"
	"sunbeon/reservation/gate/pages"
	"sunbeon/reservation/gate/waspool"
	"sunbeon/reservation/waitingroom"
	"sunbeon/reservation/waitingroom/record"
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
	// Issuer is the OIDC issuer's URL. Synthetic says that it is the
	// simulator, so that the pages ask for a synthetic person themselves.
	Issuer    string
	Synthetic bool
	// IdentityRate is how many checks a second each provider gets.
	IdentityRate int
	// LoginLife and PassLife are how long a login, and the serving time of a
	// pass, last.
	LoginLife, PassLife time.Duration
	// SecureCookies marks cookies for https only.
	SecureCookies bool
	// LookupLane is how many look-ups, changes and cancellations run at once.
	LookupLane int
	// WAS is the transport to the booking servers; see [waspool.Transport].
	WAS http.RoundTripper

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

// Gate is one front door.
type Gate struct {
	config    Config
	logger    *slog.Logger
	metrics   *metrics
	startedMS int64

	keys      credential.Keys
	tickets   *credential.TicketKey
	passes    *credential.PassSigner
	verifier  *identity.Verifier
	synthetic *identity.Synthetic
	meter     *identity.Meter

	hall *waitingroom.Hall
	log  *record.Log
	view atomic.Pointer[view]

	heartbeat *heartbeat

	pool    *waspool.Pool
	booking *bookingProxy
	pages   *pages.Renderer
	draws   chan struct{} // told when a cohort may need sealing or drawing
}

// New opens the gate's record, replays it, and returns a gate ready to be
// served and run.
func New(config Config) (*Gate, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	client := &http.Client{
		Timeout:   5 * time.Second,
		Transport: config.Observability.Transport(issuerTransport()),
	}
	g := &Gate{
		config:    config,
		logger:    config.Observability.Logger,
		startedMS: config.Now().UnixMilli(),
		verifier:  identity.New(identity.Config{Issuer: config.Issuer, Client: client, Now: config.Now}),
		meter:     identity.NewMeter(config.IdentityRate),
		hall:      waitingroom.NewHall(),
		draws:     make(chan struct{}, 1),
	}
	if config.Synthetic {
		g.synthetic = &identity.Synthetic{Issuer: config.Issuer, Client: client}
	}
	var err error
	if g.pages, err = pages.New(); err != nil {
		return nil, err
	}
	logKey, err := g.loadKeys()
	if err != nil {
		return nil, err
	}
	g.metrics = newMetrics(config.Observability.Registry, g.lines, g.nowMS)
	g.pool = waspool.New(waspool.Config{
		Transport: config.Observability.Transport(config.WAS),
		Now:       config.Now,
		Failed: func(id string, err error) {
			g.logger.Warn("booking server does not answer", "was", id, "error", err)
		},
	})
	g.booking = newBookingProxy(g)
	if err := g.openRecord(logKey); err != nil {
		return nil, err
	}
	return g, nil
}

func (g *Gate) loadKeys() (logKey ed25519.PrivateKey, err error) {
	dir := g.config.Keys
	if g.keys, err = credential.LoadKeys(dir); err != nil {
		return nil, err
	}
	secret, err := credential.LoadSecret(dir, "login.key")
	if err != nil {
		return nil, err
	}
	if g.tickets, err = credential.NewTicketKey(secret); err != nil {
		return nil, err
	}
	if g.passes, err = credential.LoadPassSigner(dir); err != nil {
		return nil, err
	}
	if logKey, err = credential.LoadSigningKey(dir, "log.key"); err != nil {
		return nil, err
	}
	return logKey, nil
}

// openRecord replays the record. Rooms that were serving when the gate last
// lived get the time since as an outage, so that no pass ran out while nobody
// could use it.
func (g *Gate) openRecord(key ed25519.PrivateKey) error {
	began := g.config.Now()
	log, recovery, err := record.Open(record.Config{
		Dir: filepath.Join(g.config.Data, "record"), Key: key, Now: g.config.Now, Committed: g.metrics.committed,
	}, g.hall.Replay)
	if err != nil {
		return fmt.Errorf("open record: %w", err)
	}
	g.log = log
	g.hall.Start(log)
	if err := g.recordOutage(recovery); err != nil {
		log.Close()
		return err
	}
	g.logger.Info("record replayed", "groups", recovery.Groups, "records", recovery.Records,
		"dropped_bytes", recovery.Dropped, "seconds", g.config.Now().Sub(began).Seconds())
	return nil
}

func (g *Gate) recordOutage(recovery record.Recovery) (err error) {
	if g.heartbeat, err = newHeartbeat(g.config.Data, g.config.Now); err != nil {
		return err
	}
	if recovery.Records == 0 {
		return nil
	}
	last, err := g.heartbeat.last()
	if err != nil {
		return err
	}
	if written := time.Unix(recovery.LastTimeS, 0); written.After(last) {
		last = written
	}
	now := g.config.Now()
	if now.Sub(last) < outage {
		return nil
	}
	for _, room := range g.hall.Rooms() {
		if room.Phase() != waitingroom.Open {
			continue
		}
		if _, err := room.Outage(last.UnixMilli(), now.UnixMilli()); err != nil {
			return fmt.Errorf("record outage: %w", err)
		}
	}
	return nil
}

// Run follows the plan, reports to it and makes draws, until ctx ends. It
// returns an error when the record can no longer be written: the process must
// then stop, because it can promise nothing any more.
func (g *Gate) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return g.follow(ctx) })
	group.Go(func() error { return g.reportInstance(ctx) })
	group.Go(func() error { return g.reportLines(ctx) })
	group.Go(func() error { return g.makeDraws(ctx) })
	group.Go(func() error { return g.heartbeat.run(ctx) })
	group.Go(func() error {
		select {
		case <-ctx.Done():
			return nil
		case <-g.log.Failed():
			return fmt.Errorf("record: %w", g.log.Err())
		}
	})
	return group.Wait()
}

// Close closes the record. Nothing may use the gate afterwards.
func (g *Gate) Close() error { return g.log.Close() }

// Ready reports why the gate cannot serve citizens yet or any more.
func (g *Gate) Ready() error {
	if err := g.log.Err(); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	if g.view.Load() == nil {
		return errors.New("no plan has been seen yet")
	}
	return nil
}

func (g *Gate) nowMS() int64 { return g.config.Now().UnixMilli() }

// issuerTransport keeps connections to the one issuer.
func issuerTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 64
	t.Proxy = nil
	return t
}
