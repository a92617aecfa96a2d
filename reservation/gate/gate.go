package gate

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"sunbeon/reservation/credential"
	"sunbeon/reservation/gate/identity"
	"sunbeon/reservation/gate/pages"
	"sunbeon/reservation/gate/waspool"
	"sunbeon/reservation/waitingroom"
	"sunbeon/reservation/waitingroom/fairness"
	"sunbeon/reservation/waitingroom/record"
)

// Gate is one front door.
type Gate struct {
	config    Config
	logger    *slog.Logger
	metrics   *metrics
	promises  *promises
	clock     *clock
	startedMS int64

	keys     credential.Keys
	tickets  *credential.TicketKey
	passes   *credential.PassSigner
	verifier *identity.Verifier
	meter    *identity.Meter

	hall *waitingroom.Hall
	log  *record.Log
	// publisher makes the record checkable by anyone.
	publisher *fairness.Publisher
	view      atomic.Pointer[view]

	heartbeat *heartbeat

	breakGlassKey *credential.BreakGlassKey
	latch         *latch

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
	began := time.Now()
	g := &Gate{
		config:    config,
		clock:     newClock(config.Now, func() time.Duration { return time.Since(began) }),
		logger:    config.Observability.Logger,
		startedMS: config.Now().UnixMilli(),
		verifier: identity.New(identity.Config{
			Issuer: config.Issuer, ClientID: config.ClientID, ClientSecret: config.ClientSecret, Client: client, Now: config.Now,
		}),
		meter: identity.NewMeter(config.IdentityRate),
		hall:  waitingroom.NewHall(),
		draws: make(chan struct{}, 1),
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
	g.promises = newPromises(config.Observability.Registry)
	g.pool = waspool.New(waspool.Config{
		Transport: config.Observability.Transport(config.WAS),
		Now:       config.Now,
		Home: func(r *http.Request) string {
			login, _ := credential.CookieOf(r, credential.LoginCookie)
			return login
		},
		Failed: func(id string, err error) {
			g.logger.Warn("booking server does not answer", "was", id, "error", err)
		},
	})
	g.booking = newBookingProxy(g)
	if g.latch, err = openLatch(config.Data); err != nil {
		return nil, err
	}
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
	if g.breakGlassKey, err = credential.NewBreakGlassKey(secret, g.config.Now); err != nil {
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
	group.Go(func() error { return g.publishCheckpoints(ctx) })
	group.Go(func() error { return g.followBookings(ctx) })
	group.Go(func() error { return g.noteOutages(ctx) })
	group.Go(func() error { return g.keepPromises(ctx) })
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

// Close closes the record and signs what it has come to. Nothing may use the
// gate afterwards.
func (g *Gate) Close() error {
	if err := g.log.Close(); err != nil {
		return err
	}
	_, _, err := g.publisher.Sign()
	return err
}

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

// nowMS is the line's time, in Unix milliseconds.
func (g *Gate) nowMS() int64 { return g.clock.now().UnixMilli() }

// issuerTransport keeps connections to the one issuer.
func issuerTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 64
	t.Proxy = nil
	return t
}
