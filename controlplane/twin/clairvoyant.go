package twin

import (
	"math"

	"sunbeon/controlplane/steering"
)

// clairvoyant knows the capacities of this moment and how people behave, but
// not what will happen. It admits so that every resource is just full over the
// horizon: rho one, no slew limit, a step a second. The other end of the scale:
// whoever does as well has lost nothing by not knowing.
type clairvoyant struct {
	scenario *Scenario
	plant    *plant
	line     *line
	response [][][]float64 // cumulative work by stage entered, resource and step
	enter    [][]float64   // the same of a person who just got a pass, by resource
	unit     [][]float64   // of one call a second that everybody answers, by resource
	built    float64
}

func newClairvoyant(s *Scenario, p *plant, l *line) *clairvoyant {
	return &clairvoyant{scenario: s, plant: p, line: l, built: math.Inf(-1)}
}

// build works out what work one person entering a stage brings by when.
func (c *clairvoyant) build() {
	p := c.plant
	length := int(1.2 * c.scenario.sessionLength() * 2.5 / p.dt)
	c.response = make([][][]float64, len(p.stages)+1)
	none := make([][]float64, len(p.resources))
	for r := range none {
		none[r] = make([]float64, length+1)
	}
	c.response[len(p.stages)] = none
	// response[i] is of a person asking for page i right now.
	for i := len(p.stages) - 1; i >= 0; i-- {
		st := p.stages[i]
		c.response[i] = make([][]float64, len(p.resources))
		for r := range p.resources {
			out := make([]float64, length+1)
			uses := 0.0
			for _, v := range st.route {
				if v.resource == r {
					uses = v.uses
				}
			}
			for k := range out {
				out[k] = uses
			}
			if i+1 < len(p.stages) {
				after := delayed(c.response[i+1][r], p.stages[i+1].think)
				for k := range out {
					out[k] += after[k] * (1 - c.scenario.Session.Leave)
				}
			}
			c.response[i][r] = out
		}
	}
	c.enter, c.unit = make([][]float64, len(p.resources)), make([][]float64, len(p.resources))
	for r := range p.resources {
		c.enter[r] = delayed(c.response[0][r], p.stages[0].think)
		c.unit[r] = delayed(c.enter[r], c.line.delay)
		for k := 1; k < len(c.unit[r]); k++ {
			c.unit[r][k] = c.unit[r][k-1] + c.unit[r][k]*p.dt
		}
	}
}

// delayed is a cumulative response that starts after a random delay.
func delayed(response []float64, s spread) []float64 {
	out := make([]float64, len(response))
	for d, share := range s {
		if share == 0 {
			continue
		}
		for k := d + 1; k < len(out); k++ {
			out[k] += share * response[k-d-1]
		}
	}
	return out
}

func (c *clairvoyant) step(t float64, in steering.Inputs) command {
	p := c.plant
	if changing := p.scenario.hasFault(faultVisits) || p.scenario.hasFault(faultThink); c.response == nil || changing && t-c.built >= 10 {
		c.build()
		c.built = t
	}
	horizon := c.horizon()
	rate := math.Inf(1)
	pool := -1
	others := math.Inf(1)
	var perCall float64
	show := c.showNow(t)
	for r, res := range p.resources {
		capacity := res.capacity
		total := show * c.enter[r][len(c.enter[r])-1]
		if res.Replicas != nil {
			pool = r
			perCall = total
			capacity *= float64(p.pool.running+len(p.pool.starting)) / float64(max(1, p.pool.running))
		} else if total > 0 {
			others = min(others, capacity/total)
		}
		for _, part := range []float64{0.5, 0.75, 1} {
			k := int(part * horizon / p.dt)
			unit := c.unit[r][k] * show
			if unit <= 1e-9 {
				continue
			}
			work := capacity*float64(k)*p.dt - c.committed(r, k)
			rate = min(rate, max(0, work)/unit)
		}
	}
	replicas := in.Replicas.Desired
	if pool >= 0 {
		each := p.scenario.Resources[pool].PerReplica
		need := min(others, in.Line.Waiting) * perCall
		if want := int(math.Ceil(need * 1.25 / each)); want > replicas && float64(replicas)*each < need {
			replicas = want
		}
	}
	replicas = int(max(in.Scaling.Min, min(in.Scaling.Max, float64(replicas))))
	return command{rate: min(rate, in.Admission.Max), replicas: replicas}
}

// horizon is until nine tenths of a session's work are done.
func (c *clairvoyant) horizon() float64 {
	return float64(c.scenario.People.ClaimDelay.Mean) + 1.25*c.scenario.sessionLength()
}

// showNow is the share of those called next who will come.
func (c *clairvoyant) showNow(t float64) float64 {
	show := c.scenario.People.ShowLater
	wait := 0.0
	if len(c.line.queue) > 0 {
		b := c.line.queue[0]
		wait = t - b.at
		if b.class == 0 {
			show = c.scenario.People.Show
		}
	}
	if p := float64(c.scenario.People.Patience); p > 0 {
		show *= math.Exp(-max(0, wait) / p)
	}
	return min(1, show*c.scenario.factor(t, "", faultShow))
}

// committed is the work that people already called will ask of resource r within
// the next k steps; enter is the response of a person who claims now.
func (c *clairvoyant) committed(r, k int) float64 {
	p, enter := c.plant, c.enter[r]
	sum := p.resources[r].left
	for q, coming := range c.line.coming {
		sum += c.line.ready[q] * enter[k]
		for j := 1; j <= k; j++ {
			if m := coming.ahead(j); m > 0 {
				sum += m * enter[k-j]
			}
		}
	}
	for i, st := range p.stages {
		response := c.response[i][r]
		for _, calendar := range []*calendar{st.fresh[0], st.fresh[1], st.again} {
			n := min(k, len(calendar.slots)-1)
			for j := 1; j <= n; j++ {
				if m := calendar.ahead(j); m > 0 {
					sum += m * response[k-j]
				}
			}
		}
	}
	return sum
}
