package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/tsdb"
)

// Config is what an engine needs.
type Config struct {
	// Dir holds the time series database.
	Dir string
	// Certificates is the directory with ca.pem, and the certificate of this
	// process to scrape with.
	Certificates Certificates
	// Rules holds rule files (*.yml) at its root.
	Rules fs.FS
	// ExternalURL is where operators reach this node; it stands in alerts.
	ExternalURL string
	// Retention bounds the database in time and RetentionBytes in size.
	Retention      time.Duration
	RetentionBytes int64
	Registry       prometheus.Registerer
	Logger         *slog.Logger
}

// Certificates are the files of the mutual TLS that scrapes use.
type Certificates struct{ Authority, Certificate, Key, ServerName string }

func (c *Config) validate() error {
	switch {
	case c.Dir == "":
		return errors.New("telemetry needs a directory")
	case c.Rules == nil:
		return errors.New("telemetry needs rules")
	case c.Retention <= 0 || c.RetentionBytes <= 0:
		return errors.New("telemetry needs a bounded retention")
	}
	return nil
}

// Limits on one query, so that no dashboard can starve the controllers.
const (
	maxSamples   = 2_000_000
	queryTimeout = 10 * time.Second
	lookback     = 30 * time.Second
)

// Engine scrapes, stores, answers and watches. It is safe for concurrent use
// while [Engine.Run] runs.
type Engine struct {
	cfg     Config
	db      *tsdb.DB
	queries *promql.Engine
	guests  *guests
	budget  *budget
	scraper *scrape.Manager
	rules   *rules.Manager
	targets chan map[string][]*targetgroup.Group

	pace     sync.Mutex
	interval time.Duration // under pace

	following sync.Mutex
	scraped   []Target // under following
}

// New opens the database and loads the rules. A database that cannot be read
// is an error: the caller decides whether to start without its history.
func New(cfg Config) (*Engine, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	external, err := url.Parse(cfg.ExternalURL)
	if err != nil {
		return nil, fmt.Errorf("external URL: %w", err)
	}
	db, err := openDatabase(cfg)
	if err != nil {
		return nil, err
	}
	e := &Engine{cfg: cfg, db: db, targets: make(chan map[string][]*targetgroup.Group)}
	e.queries = promql.NewEngine(promql.EngineOpts{
		Logger: cfg.Logger, Reg: cfg.Registry, MaxSamples: maxSamples, Timeout: queryTimeout,
		LookbackDelta: lookback, EnableAtModifier: true, EnableNegativeOffset: true,
		NoStepSubqueryIntervalFn: func(int64) int64 { return time.Second.Milliseconds() },
	})
	e.guests = newGuests(cfg)
	e.budget = newBudget(db)
	if e.scraper, err = newScraper(cfg, e.budget); err != nil {
		db.Close()
		return nil, err
	}
	e.rules = rules.NewManager(&rules.ManagerOptions{
		ExternalURL: external,
		QueryFunc:   rules.EngineQueryFunc(e.queries, db),
		NotifyFunc:  func(context.Context, string, ...*rules.Alert) {},
		Context:     context.Background(),
		Appendable:  db, Queryable: db,
		Logger: cfg.Logger, Registerer: cfg.Registry,
		GroupLoader: ruleFiles{cfg.Rules},
	})
	if err := errors.Join(e.loadRules(cfg.Rules, external.String()), e.Lead(false)); err != nil {
		db.Close()
		return nil, err
	}
	return e, nil
}

// Run scrapes and evaluates until ctx ends, then closes the database.
func (e *Engine) Run(ctx context.Context) error {
	scraping := make(chan error, 1)
	go func() { scraping <- e.scraper.Run(e.targets) }()
	go e.rules.Run()
	<-ctx.Done()
	e.scraper.Stop()
	err := <-scraping
	e.rules.Stop()
	return errors.Join(err, e.db.Close())
}

// Refused counts the samples that were dropped because their process had added
// too many series.
func (e *Engine) Refused() prometheus.Collector { return e.budget.refused }

// Query evaluates a PromQL expression at one time.
func (e *Engine) Query(ctx context.Context, expression string, at time.Time) (promql.Vector, error) {
	return rules.EngineQueryFunc(e.queries, e.db)(ctx, expression, at)
}

func openDatabase(cfg Config) (*tsdb.DB, error) {
	options := tsdb.DefaultOptions()
	options.RetentionDuration = cfg.Retention.Milliseconds()
	options.MaxBytes = cfg.RetentionBytes
	options.EnableExemplarStorage = true
	options.MaxExemplars = maxExemplars
	// A node scrapes a few dozen processes: the defaults, made for millions of
	// series, would cost more memory than all the samples.
	options.StripeSize = 256
	options.WALSegmentSize = 8 << 20
	options.HeadChunksWriteBufferSize = 64 << 10
	db, err := tsdb.Open(cfg.Dir, cfg.Logger, cfg.Registry, options, nil)
	if err != nil {
		return nil, fmt.Errorf("open time series database in %s: %w", cfg.Dir, err)
	}
	return db, nil
}

// discard is the logger of parts whose complaints stand in a metric already.
func discard() *slog.Logger { return promslog.NewNopLogger() }
