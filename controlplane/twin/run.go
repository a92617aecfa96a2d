package twin

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"sunbeon/controlplane/steering"
)

const (
	leaseS = 10 // a segment's lease
	tauS   = 60 // its decay past the lease
)

// Trace is what happened each second of one run, for plots.
type Trace struct {
	T        []float64 `json:"t"`
	Rate     []float64 `json:"rate"`
	Useful   []float64 `json:"useful"`
	Capacity []float64 `json:"capacity"`
	Held     []float64 `json:"held"`
	Replicas []float64 `json:"replicas"`
	// People a second, counted in it: passes claimed, sessions confirmed, and
	// those who saw their first "hold on".
	Claimed   []float64 `json:"claimed"`
	Confirmed []float64 `json:"confirmed"`
	NewlyHeld []float64 `json:"newly_held"`
	Waiting   []float64 `json:"waiting"` // people in the line at its end
}

// Run is the result of one controller on one scenario and seed.
type Run struct {
	Result    Result
	Trace     Trace
	Decisions []steering.Decision // of the cascade
}

// Simulate plays scenario s under the named controller. The same seed gives the
// same evening. The end of ctx ends it at once, with ctx's error.
func Simulate(ctx context.Context, s *Scenario, name string, seed uint64, tuning Tuning) (*Run, error) {
	return simulate(ctx, s, name, seed, tuning, func(float64) {})
}

// lookEvery is after how many steps a run looks whether it is still wanted, and
// tells how far it is, from 0 to 1.
const lookEvery = 500

func simulate(ctx context.Context, s *Scenario, name string, seed uint64, tuning Tuning, done func(share float64)) (*Run, error) {
	e := newEvening(s, seed)
	c := newController(name, s, e.plant, e.line, tuning)
	if c == nil {
		return nil, fmt.Errorf("unknown controller %q", name)
	}
	if ours, ok := c.(*cascade); ok {
		ours.keep = true
	}
	return e.play(ctx, c, done)
}

// play plays the whole evening.
func (e *evening) play(ctx context.Context, c controller, done func(share float64)) (*Run, error) {
	s := e.scenario
	for !e.over() {
		if e.n%lookEvery == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			done(float64(e.n) * float64(s.Step) / float64(s.Lobby+s.Duration))
		}
		e.step(c)
	}
	run := &Run{Result: e.judge.result(s), Trace: e.judge.trace}
	if ours, ok := c.(*cascade); ok {
		run.Decisions = ours.decisions
	}
	return run, nil
}

// evening is one run in progress.
type evening struct {
	scenario *Scenario
	random   *rand.Rand
	plant    *plant
	line     *line
	scraper  *scraper
	judge    *judge

	epochMS   int64 // when it opens, in unix milliseconds
	n         int   // steps done
	next      float64
	inputs    steering.Inputs
	inForce   command
	queued    []queuedCommand
	renewedAt float64
	leaderful bool
	opened    bool
}

// queuedCommand is a command on its way to the gates.
type queuedCommand struct {
	due float64
	command
}

func newEvening(s *Scenario, seed uint64) *evening {
	random := rand.New(rand.NewPCG(seed, 0x5eed))
	e := &evening{
		scenario: s, random: random, plant: newPlant(s, random), line: newLine(s),
		scraper: newScraper(s, rand.New(rand.NewPCG(seed, 0x7e1e))), judge: newJudge(s),
		next: -float64(s.Lobby), epochMS: anyDate,
	}
	e.inForce.replicas = e.plant.pool.desired
	e.inputs = steering.Inputs{
		Admission: steering.Control{Mode: steering.ModeAuto, Max: s.Control.RateMax, Floor: s.Control.Floor},
		Scaling:   steering.Control{Mode: steering.ModeAuto, Min: float64(e.plant.pool.Min), Max: float64(e.plant.pool.Max)},
		Opening:   steering.Control{Mode: steering.ModeAuto},
	}
	return e
}

func (e *evening) time() float64 {
	return float64(e.n)*float64(e.scenario.Step) - float64(e.scenario.Lobby)
}

func (e *evening) over() bool { return e.time() >= float64(e.scenario.Duration) }

// anyDate is when an evening opens, in unix milliseconds.
const anyDate = 1_600_000_000_000

func (e *evening) step(c controller) {
	s, dt := e.scenario, float64(e.scenario.Step)
	e.n++
	t := e.time()
	if t > 0 {
		e.line.arrive(t-dt, dt, e.random.NormFloat64())
	}
	if t-dt <= 0 && t > 0 && s.People.Inside > 0 {
		e.plant.inherit(s.People.Inside)
	}
	e.plant.pool.step(t, s)
	rate := e.rateNow(t)
	called := 0.0
	if e.opened {
		called = e.line.call(t, rate*dt)
	}
	claimed := e.line.claim(1.5*rate*dt, [2]float64{e.random.NormFloat64(), e.random.NormFloat64()})
	happened := e.plant.step(t, claimed)
	e.scraper.watch(e.plant)
	e.judge.watch(t, dt, e, happened, rate, called)
	if t+1e-9 >= e.next {
		e.next += float64(s.Control.Period)
		e.scraper.take(t, e.plant, e.line)
		e.steer(t, c)
	}
}

// rateNow applies commands that have arrived, and the lease of the last one.
func (e *evening) rateNow(t float64) float64 {
	for len(e.queued) > 0 && t >= e.queued[0].due {
		q := e.queued[0]
		e.queued = e.queued[1:]
		e.inForce, e.renewedAt = q.command, t
		e.plant.pool.desired = q.replicas
		e.opened = e.opened || t >= 0 && !q.closed
	}
	rate := e.inForce.rate
	if past := t - e.renewedAt - leaseS; past > 0 {
		floor := min(float64(e.scenario.Control.Floor), rate)
		rate = floor + (rate-floor)*math.Exp(-past/tauS)
	}
	return rate
}

// steer runs the controller for one period, unless nobody leads.
func (e *evening) steer(t float64, c controller) {
	s, in := e.scenario, &e.inputs
	stale := e.scraper.report(t, in)
	if s.leaderless(t) {
		e.leaderful = false
		return
	}
	if !e.leaderful {
		e.leaderful = true
		in.Term++
		in.FreshScrapes = 0
	}
	if stale <= 3*float64(s.Control.Period) {
		in.FreshScrapes++
	}
	in.NowMS = e.epochMS + int64(math.Round(t*1000))
	in.Admission.Current = e.rateNow(t)
	if begin := s.Control.Begin; begin > 0 && !e.opened {
		in.Admission.Current = begin
	}
	in.Replicas = steering.Replicas{Desired: e.plant.pool.desired, Running: e.plant.pool.running}
	in.Cohorts = []steering.Cohort{{
		ID: "tonight", Weight: 1, OpenMS: e.epochMS, CloseMS: e.epochMS + s.Duration.milliseconds() + 1000,
		Approved: true, Open: e.opened, Waiting: e.line.waiting,
	}}
	cmd := c.step(t, *in)
	e.judge.judge(t, e, cmd, stale)
	e.queued = append(e.queued, queuedCommand{t + float64(s.Control.Delay), cmd})
}
