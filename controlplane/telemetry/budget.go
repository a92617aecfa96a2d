package telemetry

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// A series stays in memory for some three hours after its last sample, so what a
// process may add is an account that fills up again in that time: labels that are
// others with every scrape exhaust it, a process that is started again does not.
const (
	seriesEach   = 10_000
	seriesRefill = 3 * time.Hour
	// seriesMost in memory altogether; beyond, a process has half its account.
	seriesMost = 200_000
)

// budget stores what is scraped, but of each process only so many new series. The
// rest is dropped sample by sample: what was known of the process before is still
// measured, and steered by.
type budget struct {
	db      *tsdb.DB
	refused prometheus.Counter
	now     func() time.Time

	mu       sync.Mutex
	accounts map[string]account // by instance
}

type account struct {
	left float64
	at   time.Time
}

func newBudget(db *tsdb.DB) *budget {
	return &budget{db: db, now: time.Now, accounts: map[string]account{}, refused: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "sunbeon_telemetry_series_refused_total",
		Help: "Samples dropped because their process had added too many series.",
	})}
}

// Appender is what one scrape is stored by.
func (b *budget) Appender(ctx context.Context) storage.Appender {
	instance := ""
	if target, ok := scrape.TargetFromContext(ctx); ok {
		instance = target.GetValue(model.InstanceLabel)
	}
	return &frugal{Appender: b.db.Appender(ctx), budget: b, instance: instance}
}

// spend takes one new series from the account of a process.
func (b *budget) spend(instance string) bool {
	full := b.db.Head().NumSeries() >= seriesMost
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	a, known := b.accounts[instance]
	if !known {
		a = account{left: seriesEach, at: now}
	}
	a.left = min(seriesEach, a.left+seriesEach*now.Sub(a.at).Seconds()/seriesRefill.Seconds())
	a.at = now
	ok := a.left >= 1 && !(full && a.left < seriesEach/2)
	if ok {
		a.left--
	}
	b.accounts[instance] = a
	return ok
}

// frugal appends samples of known series, and of new ones while the budget lasts.
type frugal struct {
	storage.Appender
	budget   *budget
	instance string
}

// Append passes a sample on or answers [storage.ErrOutOfOrderSample]: the one error
// that costs a scrape only this sample, be it a value or the mark that a series
// has ended.
func (f *frugal) Append(ref storage.SeriesRef, l labels.Labels, t int64, v float64) (storage.SeriesRef, error) {
	if ref == 0 && !f.known(l) {
		if value.IsStaleNaN(v) {
			return 0, storage.ErrOutOfOrderSample
		}
		if !f.budget.spend(f.instance) {
			f.budget.refused.Inc()
			return 0, storage.ErrOutOfOrderSample
		}
	}
	return f.Appender.Append(ref, l, t, v)
}

func (f *frugal) known(l labels.Labels) bool {
	series, ok := f.Appender.(storage.GetRef)
	if !ok {
		return false
	}
	ref, _ := series.GetRef(l, l.Hash())
	return ref != 0
}
