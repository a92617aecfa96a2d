package steering

// pool remembers how many WAS served, to tell those that were lost from those
// that are still starting.
type pool struct {
	Whole  int   `json:"whole"`   // most that ran, of those wanted
	LostMS int64 `json:"lost_ms"` // since when fewer do; 0 while it is whole
	// Lately is how many the rates of the last scrapes may come from.
	Lately int   `json:"lately"`
	FellMS int64 `json:"fell_ms"`
	Ran    int   `json:"ran"` // how many did at the last look
}

const (
	// windowMS is how far back measured rates look, and a scrape.
	windowMS = 5_000
	// missedMS is how long lost WAS are waited for, or one cold start if that is
	// longer; then the pool is taken to be as small as it is.
	missedMS = 15_000
)

// see books the replicas that run now, and says whether they have become more.
func (p *pool) see(cfg Config, r Replicas, nowMS int64) (more bool) {
	more, p.Ran = r.Running > p.Ran, r.Running
	p.Whole = min(r.Desired, max(p.Whole, r.Running))
	switch {
	case r.Running >= p.Whole:
		p.LostMS = 0
	case p.LostMS == 0:
		p.LostMS = nowMS
	case nowMS-p.LostMS > max(missedMS, cfg.Replicas.ColdStartMS):
		p.Whole, p.LostMS = r.Running, 0
	}
	switch {
	case r.Running >= p.Lately:
		p.Lately, p.FellMS = r.Running, 0
	case p.FellMS == 0:
		p.FellMS = nowMS
	case nowMS-p.FellMS >= windowMS:
		p.Lately, p.FellMS = r.Running, 0
	}
	return more
}

// lost says whether WAS that ran have stopped and were not given up yet. People
// on them hang, which must not pass for people who ask for less.
func (p *pool) lost() bool { return p.LostMS > 0 }
