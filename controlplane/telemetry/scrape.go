package telemetry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/units"
	commonconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/scrape"
	"gopkg.in/yaml.v2"
)

// How often processes are scraped: every second where controllers act on the
// answer, less often elsewhere, since scraping is most of the idle cost.
const (
	leadInterval   = time.Second
	followInterval = 5 * time.Second
)

// Limits on one scrape, against a label explosion in one process.
const (
	sampleLimit = 20_000
	bodyLimit   = 8 << 20
	labelLimit  = 32
)

// Target is a process to scrape.
type Target struct {
	// Kind becomes the job label, Instance the instance label.
	Kind, Instance string
	// Address is host:port of the private listener.
	Address string
}

func newScraper(cfg Config, store *budget) (*scrape.Manager, error) {
	manager, err := scrape.NewManager(&scrape.Options{
		DiscoveryReloadInterval: model.Duration(time.Second),
		PassMetadataInContext:   true, // the budget asks whose scrape it is
	}, discard(), nil, store, cfg.Registry)
	if err != nil {
		return nil, fmt.Errorf("make scraper: %w", err)
	}
	return manager, nil
}

// scrapeConfig is the one scrape configuration; its targets come from the plan.
// It goes through Prometheus' own file format, which is the only way to have it
// validated.
func scrapeConfig(c Certificates, interval time.Duration) (*config.Config, error) {
	job := config.DefaultScrapeConfig
	job.JobName = poolName
	job.Scheme = "https"
	job.ScrapeInterval = model.Duration(interval)
	job.ScrapeTimeout = model.Duration(min(interval, 2*time.Second))
	job.ScrapeProtocols = []config.ScrapeProtocol{config.OpenMetricsText1_0_0, config.PrometheusText0_0_4}
	job.EnableCompression = false
	job.HonorTimestamps = false
	job.SampleLimit = sampleLimit
	job.LabelLimit = labelLimit
	job.BodySizeLimit = units.Base2Bytes(bodyLimit)
	job.HTTPClientConfig = commonconfig.DefaultHTTPClientConfig
	job.HTTPClientConfig.TLSConfig = commonconfig.TLSConfig{
		CAFile: c.Authority, CertFile: c.Certificate, KeyFile: c.Key, ServerName: c.ServerName,
	}
	file, err := yaml.Marshal(&config.Config{GlobalConfig: config.DefaultGlobalConfig, ScrapeConfigs: []*config.ScrapeConfig{&job}})
	if err != nil {
		return nil, fmt.Errorf("write scrape configuration: %w", err)
	}
	return config.Load(string(file), discard())
}

const poolName = "sunbeon"

// Lead scrapes at the leader's pace, or at a follower's. A new pace takes effect
// with the next call of [Engine.Scrape]: a target carries the interval it was
// found with.
func (e *Engine) Lead(leading bool) error {
	interval := followInterval
	if leading {
		interval = leadInterval
	}
	e.pace.Lock()
	defer e.pace.Unlock()
	if e.interval == interval {
		return nil
	}
	scrapes, err := scrapeConfig(e.cfg.Certificates, interval)
	if err != nil {
		return err
	}
	if err := e.scraper.ApplyConfig(scrapes); err != nil {
		return fmt.Errorf("configure scraping: %w", err)
	}
	e.interval = interval
	e.following.Lock()
	e.scraped = nil
	e.following.Unlock()
	return nil
}

// Scrape follows exactly these targets from now on. It blocks until Run's
// scraper has taken them or ctx ends.
func (e *Engine) Scrape(ctx context.Context, targets []Target) error {
	wanted := slices.Clone(targets)
	slices.SortFunc(wanted, func(a, b Target) int { return strings.Compare(a.Instance+a.Address, b.Instance+b.Address) })
	e.following.Lock()
	defer e.following.Unlock()
	if e.scraped != nil && slices.Equal(wanted, e.scraped) {
		return nil
	}
	group := &targetgroup.Group{Source: "plan"}
	for _, t := range wanted {
		group.Targets = append(group.Targets, model.LabelSet{
			model.AddressLabel:  model.LabelValue(t.Address),
			model.JobLabel:      model.LabelValue(t.Kind),
			model.InstanceLabel: model.LabelValue(t.Instance),
		})
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case e.targets <- map[string][]*targetgroup.Group{poolName: {group}}:
	}
	e.scraped = append([]Target{}, wanted...)
	return nil
}
