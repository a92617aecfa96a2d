package twin

import (
	"math"
	"math/rand/v2"

	"sunbeon/controlplane/steering"
)

// scraper turns what happened into what the controllers are told, late, noisy
// and sometimes broken.
type scraper struct {
	scenario *Scenario
	random   *rand.Rand
	windows  []sumsWindow // by resource
	taken    []scrape     // recent, oldest first
	good     map[string]steering.Resource
}

// sums of one resource between two scrapes.
type sums struct{ served, rejected, inFlight, latency, steps, work float64 }

// sumsWindow is those since the last scrape, and those that the window reaches
// back to before it.
type sumsWindow struct {
	open   sums
	closed []sums
}

// close ends what is open with a scrape and returns it, and all the window holds.
func (w *sumsWindow) close(reach int) (last, all sums) {
	last = w.open
	w.closed, w.open = append(w.closed, last), sums{}
	if over := len(w.closed) - reach; over > 0 {
		w.closed = append(w.closed[:0], w.closed[over:]...)
	}
	for _, s := range w.closed {
		all.served += s.served
		all.rejected += s.rejected
		all.latency += s.latency
		all.work += s.work
		all.steps += s.steps
	}
	return last, all
}

// scrape is everything measured at one time.
type scrape struct {
	t         float64
	resources []steering.Resource
	line      steering.Line
}

func newScraper(s *Scenario, random *rand.Rand) *scraper {
	return &scraper{scenario: s, random: random, windows: make([]sumsWindow, len(s.Resources)), good: map[string]steering.Resource{}}
}

// watch adds one step.
func (c *scraper) watch(p *plant) {
	for i, r := range p.resources {
		s := &c.windows[i].open
		s.served += r.served
		s.rejected += r.rejected
		s.inFlight += r.inFlight(p.dt)
		s.latency += float64(r.Latency)*r.slowdown + r.wait
		s.work += r.served / max(r.capacity*p.dt, 1e-9)
		s.steps++
	}
}

// take a scrape at t.
func (c *scraper) take(t float64, p *plant, l *line) {
	out := scrape{t: t}
	reach := max(1, int(math.Round(float64(c.scenario.Telemetry.Window/c.scenario.Control.Period))))
	noisy := func(v float64) float64 {
		return max(0, v*(1+c.scenario.Telemetry.Noise*c.random.NormFloat64()))
	}
	for i, r := range p.resources {
		last, s := c.windows[i].close(reach)
		seconds := s.steps * p.dt
		reading := steering.Resource{
			Name: r.Name, Kind: steering.KindBackend, WindowMS: int64(1000 * seconds),
			Throughput: noisy(s.served / seconds), Rejected: s.rejected / seconds,
			InFlight: noisy(last.inFlight / last.steps), Latency: noisy(s.latency / s.steps),
			Utilisation: math.NaN(),
		}
		if r.Replicas != nil {
			reading.Kind = steering.KindWAS
			reading.Utilisation = min(1, s.work/s.steps)
		}
		if reading.Rejected > 0 {
			reading.Rejecting = min(1, reading.Rejected*2/float64(max(1, p.pool.running)))
		}
		out.resources = append(out.resources, reading)
	}
	out.line = steering.Line{
		Lobby:   steering.Flow{Called: l.called[0], Claimed: l.claimed[0]},
		Later:   steering.Flow{Called: l.called[1], Claimed: l.claimed[1]},
		Waiting: l.waiting + l.ready[0] + l.ready[1], Sessions: p.sessions(), // the called who are held at the door wait, too
	}
	c.taken = append(c.taken, out)
	if len(c.taken) > 120 {
		c.taken = append(c.taken[:0], c.taken[60:]...)
	}
}

// before is the newest scrape at least delay old at t.
func (c *scraper) before(t, delay float64) scrape {
	for i := len(c.taken) - 1; i > 0; i-- {
		if c.taken[i].t <= t-delay+1e-9 {
			return c.taken[i]
		}
	}
	return c.taken[0]
}

// report fills in what is known at t, and says how old the oldest true signal is.
func (c *scraper) report(t float64, in *steering.Inputs) (trueAgeS float64) {
	delay := float64(c.scenario.Telemetry.Delay)
	in.Resources = in.Resources[:0]
	for i, r := range c.scenario.Resources {
		late := delay
		for _, f := range c.scenario.Faults {
			if f.Kind == faultLate && f.active(t) && (f.Resource == r.Name || f.Resource == everyResource) {
				late += f.Factor
			}
		}
		now := c.before(t, late)
		reading := now.resources[i]
		reading.AgeMS = int64(1000 * (t - now.t))
		trueAge := t - now.t
		last, known := c.good[r.Name]
		switch {
		case known && c.scenario.struck(t, faultLoss, r.Name):
			last.AgeMS += c.scenario.Control.Period.milliseconds()
			reading = last
			trueAge = float64(last.AgeMS) / 1000
			c.good[r.Name] = last
		case known && c.scenario.struck(t, faultFrozen, r.Name):
			age := reading.AgeMS
			reading = last
			reading.AgeMS = age
		case c.scenario.struck(t, faultZero, r.Name):
			reading.Throughput, reading.InFlight, reading.Latency, reading.Rejected, reading.Rejecting = 0, 0, 0, 0, 0
		case c.scenario.struck(t, faultNaN, r.Name):
			nan := math.NaN()
			reading.Throughput, reading.InFlight, reading.Latency, reading.Rejected, reading.Rejecting, reading.Utilisation = nan, nan, nan, nan, nan, nan
		default:
			c.good[r.Name] = reading
		}
		trueAgeS = max(trueAgeS, trueAge)
		in.Resources = append(in.Resources, reading)
	}
	line := c.before(t, delay)
	if c.scenario.struck(t, faultLoss, lineOfPeople) {
		in.Line.AgeMS += c.scenario.Control.Period.milliseconds()
		return max(trueAgeS, float64(in.Line.AgeMS)/1000)
	}
	in.Line = line.line
	in.Line.AgeMS = int64(1000 * (t - line.t))
	return trueAgeS
}
