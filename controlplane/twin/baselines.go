package twin

import (
	"math"

	"sunbeon/controlplane/steering"
)

// fixed admits at a constant rate and leaves the rest to the autoscaler. With
// the upper bound as its rate it is the HPA-only baseline.
type fixed struct {
	rate   float64
	scaler *autoscaler
	share  float64
}

func (c *fixed) step(t float64, in steering.Inputs) command {
	return command{rate: min(c.rate*c.share, in.Admission.Max), replicas: c.scaler.step(t, in)}
}

// aimd adds to the rate until people are held or latency rises, then cuts it.
type aimd struct {
	strain
	prior, rate float64
	cut         float64 // time of the last cut
	scaler      *autoscaler
	tuning      AIMD
}

func (c *aimd) step(t float64, in steering.Inputs) command {
	held, slow, ok := c.read(in)
	switch {
	case !ok || t < 0:
	case held > c.tuning.Held || slow > c.tuning.Slow:
		if t-c.cut >= c.tuning.Cooldown {
			c.rate *= c.tuning.Beta
			c.cut = t
		}
	case in.Line.Waiting > 0:
		c.rate += c.tuning.Alpha * c.prior
	}
	c.rate = max(in.Admission.Floor*0.1, min(in.Admission.Max, c.rate))
	return command{rate: c.rate, replicas: c.scaler.step(t, in)}
}

// gradient2 limits how many sessions are inside, by the ratio of long-term to
// present latency, as the concurrency limiter of that name does; the rate fills
// the room that is left.
type gradient2 struct {
	strain
	limit, long float64
	priorLimit  float64
	scaler      *autoscaler
	tuning      Gradient2
}

func newGradient2(s *Scenario, tuning Gradient2) *gradient2 {
	inside := priorRate(s) * s.People.Show * s.sessionLength()
	return &gradient2{limit: inside * tuning.Start, priorLimit: inside, scaler: newAutoscaler(s), tuning: tuning}
}

func (c *gradient2) step(t float64, in steering.Inputs) command {
	held, slow, ok := c.read(in)
	if ok && t >= 0 {
		// A held request is one that took a Retry-After longer.
		short := slow + held*c.tuning.HeldWeight
		if c.long == 0 {
			c.long = short
		}
		c.long += (short - c.long) / c.tuning.Window
		if c.long > 2*short {
			c.long *= 0.95
		}
		gradient := max(0.5, min(1, c.tuning.Tolerance*c.long/short))
		if in.Line.Sessions > c.limit/2 {
			grown := c.limit*gradient + c.tuning.Queue*math.Sqrt(c.limit)
			c.limit += (grown - c.limit) * c.tuning.Smoothing
		}
		c.limit = max(c.priorLimit*0.05, min(c.priorLimit*8, c.limit))
	}
	room := c.limit - in.Line.Sessions
	return command{rate: max(0, min(in.Admission.Max, room/c.tuning.Fill)), replicas: c.scaler.step(t, in)}
}

// proportional is a PI controller on strain with anti-windup.
type proportional struct {
	strain
	prior, integral float64
	started         bool
	scaler          *autoscaler
	tuning          PI
}

func (c *proportional) step(t float64, in steering.Inputs) command {
	held, slow, ok := c.read(in)
	if !c.started {
		c.integral, c.started = c.tuning.Start, true
	}
	rate := c.integral
	if ok && t >= 0 {
		signal := (slow - 1) + held*c.tuning.HeldWeight
		deviation := max(-1, min(1, (c.tuning.Setpoint-signal)/c.tuning.Setpoint))
		rate = c.integral + c.tuning.Kp*deviation
		if rate > 0.02 && rate*c.prior < in.Admission.Max || rate <= 0.02 && deviation > 0 {
			c.integral = max(0, c.integral+c.tuning.Ki*deviation)
		}
	}
	return command{rate: max(0, min(in.Admission.Max, rate*c.prior)), replicas: c.scaler.step(t, in)}
}

// autoscaler is the Kubernetes horizontal pod autoscaler on processor use: every
// 15 s, ten per cent tolerance, the highest wish of five minutes when shrinking.
//
// The operators know when the cohort opens, so it is scaled for the rate they
// believe in two minutes before.
type autoscaler struct {
	target  float64
	ahead   int
	next    float64
	desired int
	wishes  []wish
}

type wish struct {
	t float64
	n int
}

func newAutoscaler(s *Scenario) *autoscaler {
	for _, r := range s.Resources {
		if r.Replicas != nil {
			needed := priorRate(s) * s.People.Show * s.visits(r) * r.Prior.Visits / (r.PerReplica * r.Prior.Believed)
			return &autoscaler{
				target: 0.65, next: math.Inf(-1), desired: r.Replicas.Start,
				ahead: min(r.Replicas.Max, int(math.Ceil(1.25*needed))),
			}
		}
	}
	return nil
}

func (a *autoscaler) step(t float64, in steering.Inputs) int {
	if t < 0 && t >= -120 {
		a.desired = max(a.desired, a.ahead)
	}
	if t < a.next || t < 60 {
		return a.desired
	}
	a.next = t + 15
	for _, r := range in.Resources {
		if r.Kind != steering.KindWAS || math.IsNaN(r.Utilisation) || r.AgeMS > 60_000 {
			continue
		}
		ratio := r.Utilisation / a.target
		want := in.Replicas.Running
		if math.Abs(ratio-1) > 0.1 {
			want = int(math.Ceil(float64(in.Replicas.Running) * ratio))
		}
		a.wishes = append(a.wishes, wish{t, want})
	}
	for len(a.wishes) > 0 && a.wishes[0].t < t-300 {
		a.wishes = a.wishes[1:]
	}
	highest, last := 0, a.desired
	for _, w := range a.wishes {
		highest = max(highest, w.n)
		last = w.n
	}
	switch {
	case last > a.desired:
		a.desired = min(last, max(2*a.desired, a.desired+4)) // at most double at a time
	case highest > 0 && highest < a.desired:
		a.desired = highest
	}
	a.desired = int(max(in.Scaling.Min, min(in.Scaling.Max, float64(a.desired))))
	return a.desired
}
