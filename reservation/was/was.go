// Package was is the booking server behind the gate: the HTTP API around the
// booking domain, the ledger and the upstreams.
//
// Every search and booking carries two tokens and both are checked here, on the
// server, every time: the login (who) and the pass (may they be in). The pass
// must be genuine, by its signature or by the word of the gate that made it, in
// time, the person's own and not revoked, and its cohort open, all according to the
// plan this process follows; without keys or plan nobody gets in. Looking up, changing and cancelling need the login only and
// run in a small lane of their own.
//
// Staff act for people under certificates in their own name, with a reason, both
// on record; they need what the person needs.
//
// A write is acknowledged when the ledger has committed it. When the answer is
// not known in time the person is told so, and sending the request again under
// its Idempotency-Key tells what became of it.
package was

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/upstream"
	"sunbeon/reservation/was/loadgate"
)

// Records is what is read of and put into the ledger beside bookings.
type Records interface {
	Latest(ctx context.Context, person string) (booking.Booking, error)
	Answer(ctx context.Context, a booking.Attempt) (booking.Recorded, error)
	Find(ctx context.Context, serial int64) (booking.Booking, error)
	Events(ctx context.Context, after int64, limit int) ([]booking.Event, error)
	Refused(ctx context.Context, list []ledger.Refusal) error
	Accessed(ctx context.Context, a ledger.Access) error
	Audit(ctx context.Context) (ledger.Audit, error)
}

// Writer commits requests.
type Writer interface {
	Submit(ctx context.Context, r booking.Request) (booking.Outcome, error)
}

// Eligibility says whether a person may book.
type Eligibility interface {
	Check(ctx context.Context, a upstream.Applicant) (upstream.Verdict, error)
}

// Stock holds vaccine for a booking.
type Stock interface {
	Reserve(ctx context.Context, r upstream.Reservation) error
	Release(ctx context.Context, key string) error
}

// Passes checks the signature and the time of passes; of those that their issuer
// vouches for, only the time.
type Passes interface {
	Verify(ctx context.Context, token string, nowMS int64) (credential.Pass, error)
	VerifyIssued(ctx context.Context, token string, nowMS int64) (credential.Pass, error)
}

// Config wires a booking server.
type Config struct {
	Keys         credential.Keys
	Passes       Passes
	Sealer       *ledger.Sealer
	Writer       Writer
	Records      Records
	Availability *ledger.Availability
	Eligibility  Eligibility
	Stock        Stock // nil: stock is imported, no call during the booking

	Limits   Limits
	Registry prometheus.Registerer
	Audited  func(ledger.Audit) // told each audit; may be nil
	Logger   *slog.Logger
	Route    func(route string, h http.Handler) http.Handler // instruments one route; may be nil
	Now      func() time.Time                                // nil: the system's clock
}

// Limits are the local load gate's, in requests at once. Zero stands for the
// defaults.
type Limits struct {
	CPU, Ledger, Eligibility, Stock, Lookup int
	Queue                                   int           // waiting before each resource
	Bound                                   time.Duration // longest wait before each
	Deadline                                time.Duration // of a whole request
}

func (l Limits) filled() Limits {
	fill := func(n *int, d int) {
		if *n <= 0 {
			*n = d
		}
	}
	fill(&l.CPU, 64)
	fill(&l.Ledger, 1024)
	fill(&l.Eligibility, int(upstream.DefaultLimits(upstream.SystemEligibility).InFlight))
	fill(&l.Stock, int(upstream.DefaultLimits(upstream.SystemStock).InFlight))
	fill(&l.Lookup, 32)
	fill(&l.Queue, 2048)
	if l.Bound <= 0 {
		l.Bound = 800 * time.Millisecond
	}
	if l.Deadline <= 0 {
		l.Deadline = 6 * time.Second
	}
	return l
}

// Server is a booking server. It serves once it has a plan.
type Server struct {
	cfg      Config
	plan     schedule
	sessions *sessions
	verdicts *verdicts
	releases *releases
	refusals *refusals
	metrics  *metrics

	// One gate a resource; a request stands in one at a time.
	gates                                   *loadgate.Metrics
	cpu, ledger, eligibility, stock, lookup *loadgate.Gate
}

// New wires a server; it does nothing until Run and its Handler are used.
func New(cfg Config) (*Server, error) {
	switch {
	case cfg.Passes == nil || cfg.Sealer == nil || cfg.Writer == nil || cfg.Records == nil || cfg.Availability == nil || cfg.Eligibility == nil:
		return nil, errors.New("booking server: a dependency is missing")
	case cfg.Registry == nil || cfg.Logger == nil:
		return nil, errors.New("booking server: a registry and a logger are needed")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Route == nil {
		cfg.Route = func(_ string, h http.Handler) http.Handler { return h }
	}
	cfg.Limits = cfg.Limits.filled()
	s := &Server{
		cfg:      cfg,
		verdicts: newVerdicts(),
		releases: newReleases(cfg.Stock, cfg.Logger),
		refusals: newRefusals(cfg.Records, cfg.Logger),
		gates:    loadgate.NewMetrics(cfg.Registry),
	}
	s.sessions = newSessions()
	s.metrics = newMetrics(cfg.Registry, s.sessions.active)
	gate := func(resource string, limit, least int) *loadgate.Gate {
		return loadgate.New(loadgate.Config{
			Resource: resource, Limit: limit, Least: least, Queue: cfg.Limits.Queue, Bound: cfg.Limits.Bound, Metrics: s.gates,
		})
	}
	s.cpu = gate("cpu", cfg.Limits.CPU, 8)
	s.ledger = gate("ledger", cfg.Limits.Ledger, 0) // more at once are larger batches, not a longer wait
	s.eligibility = gate(upstream.SystemEligibility, cfg.Limits.Eligibility, cfg.Limits.Eligibility/8)
	s.stock = gate(upstream.SystemStock, cfg.Limits.Stock, cfg.Limits.Stock/8)
	s.lookup = gate("lookup", cfg.Limits.Lookup, 0)
	return s, nil
}

const (
	refreshEvery = 250 * time.Millisecond // a look at what has changed
	stale        = 10 * time.Second       // snapshot age from which the server is not healthy
)

// Run keeps the snapshot fresh, audits the ledger and gives back stock until
// ctx ends.
func (s *Server) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		failing := false
		s.cfg.Availability.Run(ctx, refreshEvery, func(err error) {
			if (err != nil) != failing {
				failing = err != nil
				s.cfg.Logger.Warn("availability", "failing", failing, "error", err)
			}
		})
		return nil
	})
	group.Go(func() error { s.audit(ctx); return nil })
	group.Go(func() error { s.releases.run(ctx); return nil })
	group.Go(func() error { s.refusals.run(ctx); return nil })
	group.Go(func() error { s.sessions.run(ctx, s.cfg.Now); return nil })
	return group.Wait()
}

// Ready says what the server still lacks to take people in.
func (s *Server) Ready() error {
	if !s.plan.known() {
		return errors.New("no plan yet")
	}
	age, err := s.cfg.Availability.Age(s.cfg.Now())
	if err != nil {
		return err
	}
	if age > stale {
		return fmt.Errorf("what is free is %s old", age.Round(time.Second))
	}
	return nil
}

const (
	auditEvery = 10 * time.Second
	// auditShare keeps the audit of a large ledger to a small part of the
	// server's time.
	auditShare = 50
)

func (s *Server) audit(ctx context.Context) {
	pause := time.Duration(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		began := time.Now()
		a, err := s.cfg.Records.Audit(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.cfg.Logger.Error("audit", "error", err)
		case s.cfg.Audited != nil:
			s.cfg.Audited(a)
		}
		for invariant, n := range a.Violations() {
			if n > 0 {
				s.cfg.Logger.Error("invariant broken", "invariant", invariant, "rows", n)
			}
		}
		pause = max(auditEvery, auditShare*time.Since(began))
	}
}
