package twin

import "math"

// line is the waiting room: tickets in order of calling, and who was called.
type line struct {
	scenario *Scenario
	queue    []batch // waiting, oldest first
	waiting  float64
	issued   float64
	called   [2]float64 // lobby, later
	claimed  [2]float64
	coming   [2]*calendar // called people on their way to claim
	ready    [2]float64   // asked by the gate to wait: 1.5 λ
	delay    spread
}

// batch is people who joined at the same time.
type batch struct {
	at     float64
	people float64
	class  int
}

func newLine(s *Scenario) *line {
	delay := newSpread(s.People.ClaimDelay, float64(s.Step))
	l := &line{scenario: s, delay: delay, coming: [2]*calendar{newCalendar(len(delay)), newCalendar(len(delay))}}
	l.join(0, s.People.Lobby, 0)
	return l
}

func (l *line) join(t, people float64, class int) {
	if people <= 0 {
		return
	}
	l.waiting += people
	l.issued += people
	// Batches of a few seconds are fine enough for patience.
	if n := len(l.queue); n > 0 && l.queue[n-1].class == class && t-l.queue[n-1].at < 10 {
		l.queue[n-1].people += people
		return
	}
	l.queue = append(l.queue, batch{t, people, class})
}

// arrive lets everybody join who comes between t and t+dt.
func (l *line) arrive(t, dt, deviation float64) {
	for _, a := range l.scenario.People.Arrivals {
		people := a.People * (a.share(t+dt) - a.share(t))
		l.join(t, max(0, people+deviation*math.Sqrt(people)), 1)
	}
}

// share of an arrival stream that has come by t.
func (a Arrival) share(t float64) float64 {
	x := (t - float64(a.From)) / float64(a.Over)
	if x <= 0 {
		return 0
	}
	if x >= 1 {
		return 1
	}
	switch a.Shape {
	case "burst": // most at once, then ever fewer
		return (1 - math.Exp(-5*x)) / (1 - math.Exp(-5))
	case "wave": // slow, fast, slow
		return x - math.Sin(2*math.Pi*x)/(2*math.Pi)
	}
	return x
}

// call moves the serving number on by up to n turns and returns how many.
func (l *line) call(t, n float64) float64 {
	show := [2]float64{l.scenario.People.Show, l.scenario.People.ShowLater}
	bent := l.scenario.factor(t, "", faultShow)
	total := 0.0
	for n > 0 && len(l.queue) > 0 {
		b := &l.queue[0]
		k := min(n, b.people)
		b.people -= k
		n -= k
		total += k
		l.called[b.class] += k
		come := min(1, show[b.class]*bent)
		if p := float64(l.scenario.People.Patience); p > 0 {
			come *= math.Exp(-(t - b.at) / p)
		}
		l.coming[b.class].add(k*come, l.delay)
		if b.people <= 1e-9 {
			l.queue = l.queue[1:]
		}
	}
	l.waiting = max(0, l.waiting-total)
	return total
}

// claim returns the people who get their pass in this step, at most limit.
func (l *line) claim(limit float64, deviation [2]float64) float64 {
	for q := range l.ready {
		l.ready[q] += l.coming[q].turn(deviation[q])
	}
	total := 0.0
	for q := range l.ready {
		k := min(limit-total, l.ready[q])
		l.ready[q] -= k
		l.claimed[q] += k
		total += k
	}
	return total
}
