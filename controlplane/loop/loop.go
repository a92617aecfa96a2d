package loop

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"

	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/steering"
	"sunbeon/controlplane/telemetry"
)

// Node is the consensus node the decisions go into.
type Node interface {
	Plan() (p *plan.Plan, index uint64)
	Submit(context.Context, plan.Command) (plan.Result, error)
}

// Signals answers what the embedded Prometheus knows.
type Signals interface {
	Read(ctx context.Context, at time.Time) (telemetry.Reading, error)
}

// Keys in the plan: the steering's state, and the configuration it began with,
// without which nobody else could make sense of it.
const (
	Controller    = "steering"
	Configuration = "steering-configuration"
)

const (
	readTimeout = 700 * time.Millisecond
	submitLimit = 2 * time.Second
	// keepEvery is how often the state is written while it changes: what a new
	// leader loses of it, it learns again in as many seconds.
	keepEvery = 5 * time.Second
	// staleOutput is how old a step may be and still ask for more.
	staleOutput = 3 * time.Second
)

// Loop steers while this node leads.
type Loop struct {
	Node    Node
	Signals Signals
	Config  steering.Config
	Actor   string
	Logger  *slog.Logger
	Now     func() time.Time

	mu      sync.Mutex
	output  *steering.Output // of the last step in this term
	stepped time.Time
}

// term is what one leadership needs to remember.
type term struct {
	number   uint64
	state    steering.State
	kept     time.Time
	lastSeen float64 // time of the newest sample, in seconds
	fresh    int
}

// Run steers until ctx ends, which it does with the term.
func (l *Loop) Run(ctx context.Context, number uint64) {
	t := &term{number: number, state: l.recall(), kept: l.Now()}
	defer l.forget()
	l.tellConfiguration(ctx, number)
	due := l.Now()
	for {
		now := l.Now()
		wait := l.untilNext(now, due)
		due = now.Add(wait)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
			l.step(ctx, t)
		}
	}
}

// untilNext is the wait for the step after the one that was due at last: a period,
// which the hour of an opening cuts short, or the cohort would open a second late.
func (l *Loop) untilNext(now, last time.Time) time.Duration {
	wait := max(0, time.Duration(l.Config.PeriodMS)*time.Millisecond-now.Sub(last))
	p, _ := l.Node.Plan()
	for _, c := range p.Cohorts {
		if hour := time.Duration(c.OpenMS-now.UnixMilli()) * time.Millisecond; hour > 0 {
			wait = min(wait, hour)
		}
	}
	return wait
}

// recall reads the state the last leader left; one that cannot be read is
// learned again.
func (l *Loop) recall() steering.State {
	var state steering.State
	p, _ := l.Node.Plan()
	kept, ok := p.Controllers[Controller]
	if !ok {
		return state
	}
	if err := json.Unmarshal(kept.State, &state); err != nil {
		l.Logger.Warn("the steering's state cannot be read, learning anew", "error", err)
		return steering.State{}
	}
	return state
}

// tellConfiguration writes the configuration into the plan where another stands.
func (l *Loop) tellConfiguration(ctx context.Context, number uint64) {
	raw, err := json.Marshal(l.Config)
	if err != nil {
		l.Logger.Error("encode the steering's configuration", "error", err)
		return
	}
	p, _ := l.Node.Plan()
	if !bytes.Equal(p.Controllers[Configuration].State, raw) {
		l.submit(ctx, number, plan.ControllerKeep, plan.KeepState{Controller: Configuration, State: raw}, "")
	}
}

func (l *Loop) step(ctx context.Context, t *term) {
	p, _ := l.Node.Plan()
	now := l.Now()
	reading := l.read(ctx, t, now)
	look := observed{nowMS: now.UnixMilli(), term: t.number, freshScrapes: t.fresh, plan: p, reading: reading}
	state, decisions := steering.Step(l.Config, t.state, look.inputs(l.Config.Resources))
	t.state = state

	l.mu.Lock()
	output := state.Output
	l.output, l.stepped = &output, now
	l.mu.Unlock()

	for _, d := range decisions {
		l.record(ctx, t.number, d)
	}
	if output.Replicas > 0 && output.Replicas != p.Replicas.Desired {
		l.submit(ctx, t.number, plan.ReplicasSet, plan.SetReplicas{Desired: &output.Replicas}, "steering")
	}
	if busy(p) && now.Sub(t.kept) >= keepEvery {
		t.kept = now
		l.keep(ctx, t)
	}
}

// read asks the signals, and counts the scrapes seen since this term began.
func (l *Loop) read(ctx context.Context, t *term, now time.Time) telemetry.Reading {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	reading, err := l.Signals.Read(ctx, now)
	if err != nil {
		l.Logger.Debug("signals not read", "error", err)
	}
	if age := reading.Get("was", telemetry.Age); age >= 0 {
		if newest := float64(now.UnixMilli())/1000 - age; newest > t.lastSeen+0.5 {
			t.lastSeen = newest
			t.fresh++
		}
	}
	return reading
}

// busy tells whether anything is learned that is worth keeping.
func busy(p *plan.Plan) bool {
	for _, c := range p.Cohorts {
		if c.Phase == plan.Open {
			return true
		}
	}
	return false
}

// record brings a decision into the plan, in English; the whole record holds
// both languages.
func (l *Loop) record(ctx context.Context, number uint64, d steering.Decision) {
	body := plan.RecordDecision{Actuator: d.Actuator, Sentence: headline(d)}
	body.Record = fitting(d, plan.MaxDecision-len(body.Sentence))
	l.submit(ctx, number, plan.DecisionRecord, body, "")
}

// headline says in one line what a decision did and why.
func headline(d steering.Decision) string {
	because := d.Because.En
	switch {
	case d.Action == steering.ActionRaise || d.Action == steering.ActionLower:
		unit := "/s"
		if d.Actuator == steering.ActuatorReplicas {
			unit = " WAS"
		}
		return fmt.Sprintf("%s → %s%s: %s", short(d.From), short(d.To), unit, because)
	case d.Cohort != "":
		return fmt.Sprintf("%s %s: %s", d.Action, d.Cohort, because)
	default:
		return fmt.Sprintf("%s: %s", d.Action, because)
	}
}

// short is a number with as many digits as a line can bear.
func short(v float64) string {
	if v >= 10 {
		return strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

// fitting encodes a decision in at most the given number of bytes: what was
// estimated and wanted goes before the decision itself does.
func fitting(d steering.Decision, most int) json.RawMessage {
	for _, drop := range []func(){
		func() {}, func() { d.Stages = nil }, func() { d.Inputs = nil }, func() { d.Estimates = nil },
	} {
		drop()
		if raw, err := json.Marshal(d); err == nil && len(raw) <= most {
			return raw
		}
	}
	return nil
}

func (l *Loop) keep(ctx context.Context, t *term) {
	raw, err := json.Marshal(t.state)
	if err != nil {
		l.Logger.Error("encode the steering's state", "error", err)
		return
	}
	l.submit(ctx, t.number, plan.ControllerKeep, plan.KeepState{Controller: Controller, State: raw}, "")
}

func (l *Loop) submit(ctx context.Context, number uint64, kind plan.Kind, body any, reason string) {
	c, err := plan.NewCommand(kind, body)
	if err != nil {
		l.Logger.Error("encode command", "kind", kind, "error", err)
		return
	}
	c.Actor, c.Term, c.Reason, c.TimeMS = l.Actor, number, reason, l.Now().UnixMilli()
	ctx, cancel := context.WithTimeout(ctx, submitLimit)
	defer cancel()
	result, err := l.Node.Submit(ctx, c)
	switch {
	case err != nil && ctx.Err() == nil:
		l.Logger.Warn("steering not taken", "kind", kind, "error", err)
	case err == nil && !result.OK:
		l.Logger.Warn("steering refused", "kind", kind, "code", result.Code, "detail", result.Detail)
	}
}

// forget drops the output at the end of a term: what this node wanted then
// says nothing about what it wants when it leads again.
func (l *Loop) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.output = nil
}

// current is the output of a recent step.
func (l *Loop) current() (steering.Output, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.output == nil || l.Now().Sub(l.stepped) > staleOutput {
		return steering.Output{}, false
	}
	return *l.output, true
}

// Wanted is the admission rate the steering asks for over all open cohorts, in
// thousandths of a turn per second. Without a recent step it is what is in
// force: nothing is raised, and nothing dropped, by a loop that stands still.
func (l *Loop) Wanted(p *plan.Plan, nowMS int64) int64 {
	if output, ok := l.current(); ok {
		return int64(output.Rate * 1000)
	}
	return int64(observed{nowMS: nowMS, plan: p}.rate() * 1000)
}

// MayOpen tells whether a cohort whose hour has come may open. Without a recent
// step the timetable decides alone: an opening goes ahead at the floor.
func (l *Loop) MayOpen(cohort string) bool {
	output, ok := l.current()
	return !ok || slices.Contains(output.Open, cohort)
}
