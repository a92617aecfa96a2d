package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"sunbeon/alerts"
	"sunbeon/controlplane/consensus"
	"sunbeon/controlplane/leader"
	"sunbeon/controlplane/loop"
	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/steering"
	"sunbeon/controlplane/telemetry"
	"sunbeon/internal/observability"
	"sunbeon/internal/pki"
)

// How much of the past a node keeps at hand; what is older belongs to a
// long-term store.
const (
	telemetryRetention = 24 * time.Hour
	telemetryBytes     = 512 << 20
)

// followEvery is how often the targets and the pace of scraping follow the plan.
const followEvery = time.Second

// steeringWheel is a node's telemetry and the loop that steers by it.
type steeringWheel struct {
	engine *telemetry.Engine
	loop   *loop.Loop
	others []telemetry.Target // to scrape, though the plan does not know them
}

// newSteeringWheel opens the telemetry. A database that cannot be opened is put
// aside: its history is worth less than a node that sees.
func newSteeringWheel(f controlplaneFlags, o *observability.Observability) (*steeringWheel, error) {
	cfg, err := steeringConfig(f)
	if err != nil {
		return nil, usageError{err}
	}
	others, err := otherTargets(f.alsoScrape)
	if err != nil {
		return nil, usageError{err}
	}
	dir := filepath.Join(f.data, "telemetry")
	open := func() (*telemetry.Engine, error) {
		registry := prometheus.NewRegistry()
		engine, err := telemetry.New(telemetry.Config{
			Dir: dir,
			Certificates: telemetry.Certificates{
				Authority:   filepath.Join(f.pki, "ca.pem"),
				Certificate: filepath.Join(f.pki, "controlplane.pem"),
				Key:         filepath.Join(f.pki, "controlplane.key"),
				ServerName:  pki.ServerName,
			},
			Rules: alerts.Files, ExternalURL: "http://" + f.listen,
			Retention: telemetryRetention, RetentionBytes: telemetryBytes,
			Registry: registry, Logger: slog.New(slog.DiscardHandler),
		})
		return engine, err
	}
	engine, err := open()
	if err != nil {
		o.Logger.Error("telemetry history put aside", "error", err)
		if err := os.Rename(dir, dir+"."+time.Now().UTC().Format("20060102T150405")); err != nil {
			return nil, err
		}
		if engine, err = open(); err != nil {
			return nil, err
		}
	}
	o.Registry.MustRegister(engine.Refused())
	return &steeringWheel{
		engine: engine, others: others,
		loop: &loop.Loop{Signals: engine, Config: cfg, Actor: f.id, Logger: o.Logger, Now: time.Now},
	}, nil
}

// steeringConfig is what is known of the evening beforehand.
func steeringConfig(f controlplaneFlags) (steering.Config, error) {
	if f.steering == "" {
		return f.evening.Steering()
	}
	raw, err := os.ReadFile(f.steering)
	if err != nil {
		return steering.Config{}, fmt.Errorf("--steering: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	var cfg steering.Config
	if err := decoder.Decode(&cfg); err != nil {
		return cfg, fmt.Errorf("--steering %s: %w", f.steering, err)
	}
	if err := cfg.Validate(); err != nil {
		return cfg, fmt.Errorf("--steering %s: %w", f.steering, err)
	}
	return cfg, nil
}

// mount serves the telemetry to operators in Prometheus' own dialect.
func (w *steeringWheel) mount(mux *http.ServeMux, api *opsapi.API) {
	mux.Handle("/api/v1/", api.RequireOperator(plan.Viewer, w.engine.API()))
}

// run scrapes what the plan names until ctx ends.
func (w *steeringWheel) run(ctx context.Context, node *consensus.Node, o *observability.Observability) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return w.engine.Run(ctx) })
	group.Go(func() error {
		tick := time.NewTicker(followEvery)
		defer tick.Stop()
		for {
			p, _ := node.Plan()
			_, leading := node.Term()
			err := errors.Join(w.engine.Lead(leading && !quiet(p, time.Now())), w.engine.Scrape(ctx, append(targets(p), w.others...)))
			if err != nil && ctx.Err() == nil {
				o.Logger.Warn("telemetry does not follow the plan", "error", err)
			}
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
		}
	})
	return group.Wait()
}

// awakeBefore is how long before an opening the leader scrapes at full pace.
const awakeBefore = 10 * time.Minute

// quiet tells whether no cohort is open, or about to: then nobody steers, and
// scraping at full pace would be most of the system's idle cost.
func quiet(p *plan.Plan, now time.Time) bool {
	for _, c := range p.Cohorts {
		if c.Phase == plan.Open || c.Phase != plan.Closed && c.OpenMS-now.UnixMilli() < awakeBefore.Milliseconds() {
			return false
		}
	}
	return true
}

// targets lists every process the plan knows.
func targets(p *plan.Plan) []telemetry.Target {
	var list []telemetry.Target
	for id, i := range p.Instances {
		if u, err := url.Parse(i.PrivateURL); err == nil && u.Scheme == "https" && u.Host != "" {
			list = append(list, telemetry.Target{Kind: i.Kind, Instance: id, Address: u.Host})
		}
	}
	return list
}

// otherTargets reads --also-scrape: simulators and whatever else takes no part in
// the plan.
func otherTargets(list []string) ([]telemetry.Target, error) {
	var out []telemetry.Target
	for _, text := range list {
		name, address, ok := strings.Cut(text, "=")
		if _, _, err := net.SplitHostPort(address); !ok || name == "" || err != nil {
			return nil, fmt.Errorf("--also-scrape %q: want name=host:port", text)
		}
		out = append(out, telemetry.Target{Kind: name, Instance: name, Address: address})
	}
	return out, nil
}

// lead is the leader's work: the timetable and the leases, and beside them the
// loop where the node steers.
func lead(work *leader.Work, w *steeringWheel) func(context.Context, uint64) {
	if w == nil {
		return work.Run
	}
	return func(ctx context.Context, term uint64) {
		var steering errgroup.Group
		steering.Go(func() error { w.loop.Run(ctx, term); return nil })
		work.Run(ctx, term)
		steering.Wait()
	}
}
