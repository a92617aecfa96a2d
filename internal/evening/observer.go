package evening

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/plan"
)

// observer follows the plan through the evening and keeps what the report and
// the progress lines tell.
type observer struct {
	say func(format string, args ...any)

	mu           sync.Mutex
	cohort       string
	view         client.View
	seen         time.Time
	terms        map[uint64]bool
	replicasMax  int
	decisions    int
	lastDecision uint64
	rates        []ratePoint
	sampled      []float64 // the rate in force, each second after the opening
}

// ratePoint is the admission rate from a time on, in turns per second.
type ratePoint struct {
	TimeMS int64   `json:"time_ms"`
	Value  float64 `json:"value"`
}

func newObserver(say func(string, ...any)) *observer {
	return &observer{say: say, terms: map[uint64]bool{}}
}

// follow names the cohort the evening is about.
func (o *observer) follow(cohort string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.cohort, o.rates = cohort, nil
}

// observe takes in one view of the plan.
func (o *observer) observe(v client.View) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.view.Plan != nil {
		o.tellWAS(o.view.Plan.Instances, v.Plan.Instances)
	}
	o.view, o.seen = v, time.Now()
	if v.Plan.Cluster.Term > 0 {
		o.terms[v.Plan.Cluster.Term] = true
	}
	o.replicasMax = max(o.replicasMax, runningWAS(v.Plan))
	for _, d := range v.Plan.Decisions {
		if d.Index > o.lastDecision {
			o.lastDecision = d.Index
			o.decisions++
		}
	}
	segment := v.Plan.Segments[o.cohort].Current
	rate := float64(segment.RateMilli) / 1000
	if n := len(o.rates); segment.Number > 0 && (n == 0 || o.rates[n-1].Value != rate) {
		o.rates = append(o.rates, ratePoint{segment.T0, rate})
	}
}

// tellWAS says which booking servers ended unasked, or do not start.
func (o *observer) tellWAS(before, now map[string]plan.Instance) {
	for id, was := range before {
		is, there := now[id]
		switch {
		case was.Kind != plan.KindWAS || was.State == plan.Draining || was.State == plan.Failing:
		case is.State == plan.Failing:
			o.say("%s does not start: %s", id, is.Detail)
		case !there || is.StartedMS != was.StartedMS:
			o.say("%s ended unasked; the agent starts it again", id)
		}
	}
}

// sample notes the rate in force each second from the opening on, until ctx ends.
func (o *observer) sample(ctx context.Context, opens time.Time) {
	for second := 1; ; second++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(opens.Add(time.Duration(second) * time.Second))):
		}
		o.mu.Lock()
		rate := 0.0
		if o.view.Plan != nil {
			segment := o.view.Plan.Segments[o.cohort].Current
			rate = float64(segment.RateAt(time.Now().UnixMilli())) / 1000
		}
		o.sampled = append(o.sampled, rate)
		o.mu.Unlock()
	}
}

// samples is what was noted so far.
func (o *observer) samples() []float64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.sampled)
}

// running is how many booking servers are ready.
func (o *observer) running() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.view.Plan == nil {
		return 0
	}
	return runningWAS(o.view.Plan)
}

func runningWAS(p *plan.Plan) int {
	running := 0
	for _, i := range p.Instances {
		if i.Kind == plan.KindWAS && i.State == plan.Ready {
			running++
		}
	}
	return running
}

// line is the evening in one line, for a terminal or a log.
func (o *observer) line(now time.Time) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.view.Plan == nil {
		return "waiting for the control plane"
	}
	p := o.view.Plan
	cohort := p.Cohorts[o.cohort]
	var issued, claimed, booked int64
	for _, l := range p.Lines {
		if l.Cohort == o.cohort {
			issued, claimed, booked = issued+l.Issued, claimed+l.Claimed, booked+l.Booked
		}
	}
	segment := p.Segments[o.cohort].Current
	var b strings.Builder
	fmt.Fprintf(&b, "%-7s", cohort.Phase)
	if opens := time.UnixMilli(cohort.OpenMS).Sub(now); opens > 0 {
		fmt.Fprintf(&b, " opens in %s ·", opens.Round(time.Second))
	}
	fmt.Fprintf(&b, " tickets %d · serving %d · passes %d · booked %d · rate %.0f/s · WAS %d/%d",
		issued, segment.At(now.UnixMilli()), claimed, booked, float64(segment.RateAt(now.UnixMilli()))/1000,
		runningWAS(p), p.Replicas.Desired)
	if age := o.view.LeaderAge + now.Sub(o.seen); age > 3*time.Second {
		fmt.Fprintf(&b, " · no word from a leader for %s", age.Round(time.Second))
	}
	return b.String()
}

// observations are what the control plane adds to the report.
type observations struct {
	WASReplicasMax int         `json:"was_replicas_max"`
	LeaderChanges  int         `json:"leader_changes"`
	Decisions      int         `json:"decisions"`
	AdmissionRate  []ratePoint `json:"admission_rate"`
}

func (o *observer) observations() observations {
	o.mu.Lock()
	defer o.mu.Unlock()
	return observations{
		WASReplicasMax: o.replicasMax,
		LeaderChanges:  max(len(o.terms)-1, 0),
		Decisions:      o.decisions,
		AdmissionRate:  o.rates,
	}
}
