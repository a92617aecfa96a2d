package twin

import "math"

// Result is one row of the scoreboard. SCENARIOS.md defines every field.
type Result struct {
	Goodput      float64  `json:"goodput"`       // sessions confirmed
	Ratio        float64  `json:"goodput_ratio"` // ÷ the clairvoyant's
	Failed       float64  `json:"failed_share"`
	Held         float64  `json:"held_share"`
	P99          float64  `json:"p99_s"`
	Convergence  *float64 `json:"convergence_s"`
	Discovery    *float64 `json:"discovery_s"`
	Actuations   float64  `json:"actuations_per_h"`
	Reversals    float64  `json:"reversals"`
	Overshoot    float64  `json:"overshoot"`
	Unsafe       float64  `json:"unsafe"`
	ReplicaHours float64  `json:"replica_hours"`
	Admitted     float64  `json:"admitted"` // passes claimed
	Possible     float64  `json:"possible"` // sessions the capacities would have allowed
}

// judge watches a run and counts what the scoreboard needs.
type judge struct {
	scenario *Scenario
	trace    Trace
	second   second
	latency  histogram
	total    second
	moves    moves

	counted  float64 // last rate that counted as an actuation
	lastRate float64
	replicas int
	actions  int
	unsafe   int
	hours    float64
	capacity float64

	perSecond []second
}

// second gathers the steps of one second.
type second struct {
	claimed, confirmed, failed, newlyHeld float64
	first, firstHeld                      float64
	useful, room, offered                 float64 // at the true bottleneck
	rate                                  float64
	steps                                 int
}

func newJudge(s *Scenario) *judge { return &judge{scenario: s} }

func (j *judge) watch(t, dt float64, e *evening, happened *tally, rate, called float64) {
	if t <= 0 {
		return
	}
	which, sessions := e.plant.bottleneck()
	r := e.plant.resources[which]
	x := &j.second
	x.claimed += happened.claimed
	x.confirmed += happened.confirmed
	x.failed += happened.failed
	x.newlyHeld += happened.newlyHeld
	x.first += happened.first
	x.firstHeld += happened.firstHeld
	x.useful += r.served
	x.room += r.capacity * dt
	x.offered += happened.offered[which]
	x.rate += rate
	x.steps++
	j.latency.merge(&happened.latency)
	j.hours += float64(e.plant.pool.running+len(e.plant.pool.starting)) * dt / 3600
	j.capacity += sessions * dt
	if math.Floor(t+1e-9) > math.Floor(t-dt+1e-9) {
		j.close(t, e)
	}
}

// close ends a second.
func (j *judge) close(t float64, e *evening) {
	x := j.second
	j.second = second{}
	x.rate /= float64(max(1, x.steps))
	j.perSecond = append(j.perSecond, x)
	j.total.claimed += x.claimed
	j.total.confirmed += x.confirmed
	j.total.failed += x.failed
	j.total.newlyHeld += x.newlyHeld
	_, capacity := e.plant.bottleneck()
	j.moves.see(t, x.rate, capacity)
	tr := &j.trace
	visits := max(1e-9, x.room/max(capacity*float64(x.steps)*float64(j.scenario.Step), 1e-9))
	tr.T = append(tr.T, t)
	tr.Rate = append(tr.Rate, x.rate)
	tr.Useful = append(tr.Useful, x.useful/visits)
	tr.Capacity = append(tr.Capacity, capacity)
	tr.Held = append(tr.Held, x.firstHeld/max(x.first, 1e-9))
	tr.Replicas = append(tr.Replicas, float64(e.plant.pool.running))
	tr.Claimed = append(tr.Claimed, x.claimed)
	tr.Confirmed = append(tr.Confirmed, x.confirmed)
	tr.NewlyHeld = append(tr.NewlyHeld, x.newlyHeld)
	tr.Waiting = append(tr.Waiting, e.line.waiting)
}

// judge looks at a command before it is in force.
func (j *judge) judge(t float64, e *evening, c command, staleS float64) {
	if t < 0 || !e.opened {
		j.lastRate, j.counted, j.replicas = c.rate, c.rate, c.replicas
		return
	}
	if math.Abs(c.rate-j.lastRate) > 0.02*max(j.lastRate, 1e-9) {
		j.actions++
	}
	if c.replicas != j.replicas {
		j.actions++
		if c.replicas > j.replicas && j.forAnother(e) {
			j.unsafe++
		}
	}
	period := float64(j.scenario.Control.Period)
	if c.rate > j.lastRate*1.0001 && staleS > 3*period+1e-9 {
		j.unsafe++
	}
	if c.rate > j.scenario.Control.RateMax*1.0001 || c.replicas > e.plant.pool.Max {
		j.unsafe++
	}
	j.lastRate, j.replicas = c.rate, c.replicas
}

// forAnother says whether the WAS, with those starting, already carry more than
// another resource lets through.
func (j *judge) forAnother(e *evening) bool {
	was, others := math.Inf(1), math.Inf(1)
	for i, r := range e.plant.resources {
		visits := e.plant.visitsNow(i)
		if visits <= 0 {
			continue
		}
		if r.Replicas != nil {
			was = r.PerReplica * float64(e.plant.pool.desired) / visits
			continue
		}
		others = min(others, r.capacity/visits)
	}
	return was > others
}

func (j *judge) result(s *Scenario) Result {
	hours := float64(s.Duration) / 3600
	letIn := max(1, j.total.claimed+s.People.Inside)
	return Result{
		Goodput: j.total.confirmed, Admitted: j.total.claimed,
		Failed: j.total.failed / letIn, Held: j.total.newlyHeld / letIn,
		P99: j.latency.quantile(0.99), Convergence: j.convergence(s), Discovery: j.discovery(),
		Actuations: float64(j.actions) / hours, Reversals: float64(j.moves.reversals),
		Overshoot: j.overshoot(), Unsafe: float64(j.unsafe), ReplicaHours: j.hours, Possible: j.capacity,
	}
}

const (
	windowS  = 30
	settledS = 120
	enough   = 0.9
	heldMax  = 0.1
)

// window is whether the 30 s ending before second i carried enough, with few held.
func (j *judge) window(i int, heldToo bool) bool {
	var useful, room, first, held float64
	for _, x := range j.perSecond[i-windowS : i] {
		useful += x.useful
		room += x.room
		first += x.first
		held += x.firstHeld
	}
	return useful >= enough*room && (!heldToo || held < heldMax*first)
}

// discovery is when the first 30 s began that carried nine tenths of capacity.
func (j *judge) discovery() *float64 {
	for i := windowS; i <= len(j.perSecond); i++ {
		if j.window(i, false) {
			at := float64(i - windowS)
			return &at
		}
	}
	return nil
}

// convergence after the first lasting cut of a capacity: until two minutes begin
// in which every 30 s mean is good.
func (j *judge) convergence(s *Scenario) *float64 {
	for _, f := range s.Faults {
		if f.Kind != faultStep || f.Factor >= 1 || f.For > 0 && f.For < settledS+60 {
			continue
		}
		good := 0
		for i := int(f.At) + windowS; i <= len(j.perSecond); i++ {
			if !j.window(i, true) {
				good = 0
				continue
			}
			if good++; good >= settledS-windowS {
				at := float64(i-good-windowS+1) - float64(f.At)
				at = max(0, at)
				return &at
			}
		}
		worst := float64(s.Duration - f.At)
		return &worst
	}
	return nil
}

// overshoot is by how much the first attempts of the fullest minute went beyond
// capacity.
func (j *judge) overshoot() float64 {
	worst := 0.0
	for i := 60; i <= len(j.perSecond); i += 10 {
		var offered, room float64
		for _, x := range j.perSecond[i-60 : i] {
			offered += x.offered
			room += x.room
		}
		if room > 0 {
			worst = max(worst, offered/room-1)
		}
	}
	return worst
}
