package rush

import (
	"context"
	"maps"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"

	"sunbeon/reservation/rush/journal"
	"sunbeon/reservation/rush/population"
)

// grace is how long requests in flight may take once a run is over.
const grace = 3 * time.Second

// Load is what the crowd experienced: the client's half of a report.
type Load struct {
	Counts
	Cohort   string
	People   int
	Duration time.Duration
	// Open is how much of the duration came after the opening.
	Open time.Duration
	// By code: people refused, people whose last event was an error, requests
	// to wait a moment, and all errors seen, most of them overcome.
	RefusedBy, FailedBy, Holds, Troubles map[string]int
	// Held is how many people saw at least one 503.
	Held int
	// UnderWay is how many had not come to an end when the run did.
	UnderWay int
	Latency  map[string]Latency
	BySecond Series
}

// Run sends the crowd and returns when everybody has left, the time is over or
// ctx ends; none of these is an error. What was acknowledged is in the journal.
func Run(ctx context.Context, cfg Config) (Load, error) {
	if err := cfg.validate(); err != nil {
		return Load{}, err
	}
	began := time.Now()
	transport := newTransport()
	defer transport.CloseIdleConnections()
	c := newClient(transport)
	gate, legacy := parsed(cfg.Gate), parsed(cfg.Legacy)
	cohort, err := findCohort(ctx, c, gate, cfg.Cohort)
	if err != nil {
		return Load{}, err
	}
	spec, err := cohort.spec(cfg.Outsiders, cfg.Foreigners)
	if err != nil {
		return Load{}, err
	}
	crowd, err := population.New(spec, cfg.Seed)
	if err != nil {
		return Load{}, err
	}
	log, err := journal.Create(cfg.Journal)
	if err != nil {
		return Load{}, err
	}
	requests, hurry := context.WithCancel(context.WithoutCancel(ctx))
	defer hurry()
	w := &walker{
		ctx: requests, agenda: new(agenda), client: c, gate: gate, legacy: legacy, cohort: cohort.ID,
		think: cfg.Think, script: cfg.Script, journal: log, tally: newTally(cfg.People, time.UnixMilli(cohort.OpenMS)),
	}
	until, stop := context.WithCancel(ctx)
	defer stop()
	if cfg.For > 0 {
		until, stop = context.WithDeadline(ctx, began.Add(cfg.For))
		defer stop()
	}
	w.attend(until, cfg, crowd, cohort)
	w.agenda.close(grace, hurry)
	if err := log.Close(); err != nil {
		return Load{}, err
	}
	w.tally.settle()
	l := w.load()
	l.People, l.Duration = cfg.People, time.Since(began)
	l.Open = min(l.Duration, time.Since(time.UnixMilli(cohort.OpenMS)))
	return l, nil
}

// attend lets people arrive at their times and waits until all have left or
// ctx ends.
func (w *walker) attend(ctx context.Context, cfg Config, crowd *population.Crowd, cohort cohort) {
	base := time.Now()
	offset := func(ms int64) time.Duration { return time.UnixMilli(ms).Sub(base) }
	arrivals := cfg.schedule(offset(cohort.LobbyMS), offset(cohort.OpenMS))
	progress := time.NewTicker(max(cfg.ProgressEvery, time.Millisecond))
	defer progress.Stop()
	next := time.NewTimer(0)
	defer next.Stop()
	come := func() {
		room := len(arrivals)
		if cfg.AtOnce > 0 {
			room = min(room, max(cfg.AtOnce-w.tally.underWay(), 0))
		}
		rest := w.admit(arrivals[:room], base, func(person int) *visit { return newVisit(cfg, crowd, person) })
		arrivals = arrivals[room-len(rest):]
		if len(rest) > 0 {
			next.Reset(time.Until(base.Add(rest[0].after)))
		}
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.tally.left:
			return
		case <-next.C:
			come()
		case <-w.tally.gone:
			come()
		case <-progress.C:
			if cfg.Progress != nil {
				cfg.Progress(Progress{Counts: w.tally.snapshot(), People: cfg.People, Elapsed: time.Since(base), UntilOpen: time.Until(time.UnixMilli(cohort.OpenMS))})
			}
		}
	}
}

// admit begins the visits that are due and returns the arrivals to come.
func (w *walker) admit(arrivals []arrival, base time.Time, visit func(person int) *visit) []arrival {
	now := time.Since(base)
	for len(arrivals) > 0 && arrivals[0].after <= now {
		v := visit(arrivals[0].person)
		w.tally.arrive(v)
		w.schedule(v, (*walker).identify, base.Add(arrivals[0].after))
		arrivals = arrivals[1:]
	}
	return arrivals
}

func newVisit(cfg Config, crowd *population.Crowd, person int) *visit {
	r := rand.New(rand.NewPCG(cfg.Seed, uint64(person)^habitStream))
	v := &visit{person: crowd.Person(person), random: r, device: 1}
	if cfg.Script != nil {
		v.temper = cfg.Script.temper(r, person)
	} else {
		v.temper = cfg.Habits.draw(r, cfg.Think)
	}
	return v
}

func (w *walker) load() Load {
	t := w.tally
	return Load{
		Counts: t.snapshot(), Cohort: w.cohort,
		RefusedBy: maps.Clone(t.refused), FailedBy: maps.Clone(t.failed), Holds: maps.Clone(t.holds), Troubles: maps.Clone(t.troubles),
		Held: len(t.held), UnderWay: len(t.visits), Latency: w.client.latencies.summary(), BySecond: t.series,
	}
}

// parsed is a URL that validate has accepted.
func parsed(base string) url.URL {
	u, err := url.Parse(base)
	if err != nil {
		return url.URL{}
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	return *u
}
