package twin

import (
	"math"
	"math/rand/v2"
)

// crowd is people at one place: those who never saw a "hold on" and those who did.
type crowd struct{ clean, held float64 }

func (c crowd) sum() float64 { return c.clean + c.held }

func (c crowd) times(f float64) crowd { return crowd{c.clean * f, c.held * f} }

func (c *crowd) add(o crowd) {
	c.clean += o.clean
	c.held += o.held
}

func (c *crowd) take(f float64) crowd {
	out := c.times(f)
	c.clean -= out.clean
	c.held -= out.held
	return out
}

// plant is everything behind the line: sessions, WAS, backends and local gates.
type plant struct {
	scenario  *Scenario
	random    *rand.Rand
	dt        float64
	stages    []*stage
	resources []*resource
	pool      *pool
	retry     spread
	tally     tally
}

// tally counts what happened in one step.
type tally struct {
	claimed, confirmed, failed, left float64
	newlyHeld                        float64   // people seeing their first "hold on"
	first, firstHeld                 float64   // first attempts at a page, and those held
	offered                          []float64 // first-attempt work, by resource
	latency                          histogram
}

// stage is one page of the session.
type stage struct {
	request Request
	think   spread
	fresh   [2]*calendar // first attempts to come: clean, held before
	again   *calendar    // held people who will retry
	route   []visit
}

// visit is a stage's requests at one resource of its route.
type visit struct {
	resource int
	uses     float64
	inside   crowd
}

func newPlant(s *Scenario, random *rand.Rand) *plant {
	p := &plant{scenario: s, random: random, dt: float64(s.Step), retry: newSpread(s.Session.Retry.After, float64(s.Step))}
	for _, r := range s.Resources {
		p.resources = append(p.resources, &resource{Resource: r, visits: s.visits(r)})
		if r.Replicas != nil {
			p.pool = newPool(*r.Replicas)
		}
	}
	for _, q := range s.Session.Requests {
		think := newSpread(q.Think, p.dt)
		longest := newSpread(Distribution{Mean: q.Think.Mean * 3, CV: q.Think.CV}, p.dt)
		st := &stage{
			request: q, think: think, again: newCalendar(len(p.retry)),
			fresh: [2]*calendar{newCalendar(len(longest)), newCalendar(len(longest))},
		}
		for _, wantPool := range []bool{true, false} { // the WAS is first on every route
			for i, r := range s.Resources {
				if uses := q.uses(r); uses > 0 && (r.Replicas != nil) == wantPool {
					st.route = append(st.route, visit{resource: i, uses: uses})
				}
			}
		}
		p.stages = append(p.stages, st)
	}
	p.tally.offered = make([]float64, len(p.resources))
	return p
}

// step plays dt seconds ending at t, with newcomers claiming their pass.
func (p *plant) step(t, newcomers float64) *tally {
	p.tally = tally{claimed: newcomers, offered: p.tally.offered}
	clear(p.tally.offered)
	p.shift(t)
	for _, r := range p.resources {
		r.begin(p, t)
	}
	p.enter(0, crowd{clean: newcomers})
	offers := p.offers(t)
	p.guard(t, offers)
	p.serve()
	return &p.tally
}

// shift applies faults that change how sessions behave.
func (p *plant) shift(t float64) {
	if f := p.scenario.factor(t, "", faultThink); f != 1 || p.scenario.hasFault(faultThink) {
		for _, st := range p.stages {
			d := st.request.Think
			d.Mean *= Duration(min(3, f))
			st.think = newSpread(d, p.dt)
		}
	}
	if p.scenario.hasFault(faultStorm) {
		d := p.scenario.Session.Retry.After
		d.Mean /= Duration(max(1, p.scenario.factor(t, "", faultStorm)))
		p.retry = newSpread(d, p.dt)
	}
	for i, r := range p.resources {
		if !p.scenario.hasFault(faultVisits) {
			break
		}
		bent := p.scenario.factor(t, r.Name, faultVisits)
		for _, st := range p.stages {
			for v := range st.route {
				if st.route[v].resource == i {
					st.route[v].uses = st.request.uses(r.Resource) * bent
				}
			}
		}
	}
}

func (s *Scenario) hasFault(kind string) bool {
	for _, f := range s.Faults {
		if f.Kind == kind {
			return true
		}
	}
	return false
}

// enter lets people start thinking before stage i.
func (p *plant) enter(i int, c crowd) {
	p.stages[i].fresh[0].add(c.clean, p.stages[i].think)
	p.stages[i].fresh[1].add(c.held, p.stages[i].think)
}

// inherit takes over people who were let in before, as a steady stream of them
// would be spread over the pages.
func (p *plant) inherit(people float64) {
	total := 0.0
	for _, st := range p.stages {
		total += float64(st.request.Think.Mean)
	}
	for _, st := range p.stages {
		st.fresh[0].add(people*float64(st.request.Think.Mean)/total, st.think.rest())
	}
}

// offer is the requests a stage makes in this step.
type offer struct {
	first, again crowd
}

func (p *plant) offers(t float64) []offer {
	out := make([]offer, len(p.stages))
	for i, st := range p.stages {
		out[i].first = crowd{st.fresh[0].turn(p.random.NormFloat64()), st.fresh[1].turn(p.random.NormFloat64())}
		out[i].again = crowd{held: st.again.turn(p.random.NormFloat64())}
		p.tally.first += out[i].first.sum()
		for _, v := range st.route {
			p.tally.offered[v.resource] += out[i].first.sum() * v.uses
		}
	}
	return out
}

// guard is the local load gate: it lets in what can be served within the queue
// bound, people further along first, and turns the rest away for a while.
func (p *plant) guard(t float64, offers []offer) {
	for i := len(p.stages) - 1; i >= 0; i-- {
		st, o := p.stages[i], offers[i]
		total := o.first.sum() + o.again.sum()
		if total <= 0 {
			continue
		}
		share, reason := 1.0, -1
		if !p.scenario.LocalGate.Off {
			for _, v := range st.route {
				if fits := p.resources[v.resource].room(p) / (total * v.uses); fits < share {
					share, reason = max(0, fits), v.resource
				}
			}
		}
		for k, v := range st.route {
			p.resources[v.resource].admitted += total * share * v.uses
			if k == 0 {
				st.route[0].inside.add(o.first.times(share))
				st.route[0].inside.add(o.again.times(share))
			}
		}
		if share < 1 {
			p.tally.firstHeld += o.first.sum() * (1 - share)
			p.turnAway(i, reason, crowd{o.first.clean * (1 - share), (o.first.held + o.again.held) * (1 - share)})
		}
	}
}

// turnAway answers "hold on" because of a resource; the people retry or give up.
func (p *plant) turnAway(i, reason int, c crowd) {
	p.tally.newlyHeld += c.clean
	r := p.resources[reason]
	r.rejected += c.sum()
	p.pool.wasted += c.sum() * p.scenario.LocalGate.RejectCost
	lost := c.sum() * p.scenario.Session.Retry.GiveUp
	p.tally.failed += lost
	p.stages[i].again.add(c.sum()-lost, p.retry)
}

// serve lets every resource work off what is inside, and moves people on.
func (p *plant) serve() {
	for i, r := range p.resources {
		work := 0.0
		for _, st := range p.stages {
			for k, v := range st.route {
				if v.resource == i {
					work += st.route[k].inside.sum() * v.uses
				}
			}
		}
		r.work = work
	}
	// WAS first, then backends: a request passes its whole route within a step
	// unless something on it is full.
	for pass := range 2 {
		for i, r := range p.resources {
			if (r.Replicas != nil) == (pass == 0) {
				p.serveAt(i, r)
			}
		}
	}
}

func (p *plant) serveAt(i int, r *resource) {
	inside := 0.0
	for _, st := range p.stages {
		for k := range st.route {
			if v := &st.route[k]; v.resource == i {
				inside += v.inside.sum() * v.uses
			}
		}
	}
	share := r.serve(inside, p.dt, p.scenario.LocalGate.Deadline)
	late := r.expelled / max(inside-r.served, 1e-12)
	for s, st := range p.stages {
		for k := range st.route {
			v := &st.route[k]
			if v.resource != i {
				continue
			}
			done := v.inside.take(share)
			if r.expelled > 0 {
				p.turnAway(s, i, v.inside.take(min(1, late)))
			}
			if k+1 < len(st.route) {
				st.route[k+1].inside.add(done)
				continue
			}
			p.finish(s, done)
		}
	}
}

// finish is a page answered: the person goes on, leaves, or has booked.
func (p *plant) finish(s int, done crowd) {
	if done.sum() <= 0 {
		return
	}
	st := p.stages[s]
	latency := 0.0
	wait := 0.0
	for _, v := range st.route {
		latency += float64(p.resources[v.resource].Latency) * p.resources[v.resource].slowdown
		wait += p.resources[v.resource].wait
	}
	p.tally.latency.addSpread(latency, wait, done.sum())
	if s == len(p.stages)-1 {
		p.tally.confirmed += done.sum()
		return
	}
	left := done.sum() * p.scenario.Session.Leave
	p.tally.left += left
	p.enter(s+1, done.times(1-p.scenario.Session.Leave))
}

// sessions inside: thinking, waiting to retry or being served.
func (p *plant) sessions() float64 {
	sum := 0.0
	for _, st := range p.stages {
		sum += st.fresh[0].total() + st.fresh[1].total() + st.again.total()
		for _, v := range st.route {
			sum += v.inside.sum()
		}
	}
	return sum
}

// bottleneck is the resource that truly limits now, and the sessions a second it
// allows.
func (p *plant) bottleneck() (int, float64) {
	which, rate := -1, math.Inf(1)
	for i, r := range p.resources {
		if visits := p.visitsNow(i); visits > 0 && r.capacity/visits < rate {
			which, rate = i, r.capacity/visits
		}
	}
	return which, rate
}

// visitsNow is how many requests a session makes to resource i at present.
func (p *plant) visitsNow(i int) float64 {
	sum, still := 0.0, 1.0
	for _, st := range p.stages {
		for _, v := range st.route {
			if v.resource == i {
				sum += still * v.uses
			}
		}
		still *= 1 - p.scenario.Session.Leave
	}
	return sum
}
