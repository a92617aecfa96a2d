package twin

import "math"

// resource is a server with a queue, and the local gates' idea of it.
type resource struct {
	Resource
	visits float64

	capacity float64 // now, requests a second, collapse apart
	slowdown float64 // of its service time
	drift    float64 // slow noise of the capacity
	reckoned float64 // capacity as the local gates reckon it, a second late
	admitted float64 // work let in during this step
	work     float64 // queue at the start of serving
	left     float64 // queue after serving
	served   float64
	expelled float64
	wait     float64 // seconds in the queue
	rejected float64 // people turned away because of it in this step
}

// begin sets the capacity for the step ending at t.
func (r *resource) begin(p *plant, t float64) {
	bent := p.scenario.CapacityFactor(r.Name, t)
	base := r.Capacity
	if r.Replicas != nil {
		base = r.PerReplica * float64(p.pool.serving())
	}
	if r.Noise > 0 {
		// An hour's average is the nominal capacity; the noise lasts about 10 s.
		keep := math.Exp(-p.dt / 10)
		r.drift = r.drift*keep + r.Noise*math.Sqrt(1-keep*keep)*p.random.NormFloat64()
	}
	r.capacity = base * bent * max(0.2, 1+r.drift)
	r.slowdown = 1
	if bent > 0 {
		r.slowdown = min(10, 1/bent)
	}
	if r.Replicas != nil && r.capacity > 0 {
		r.capacity = max(0.1*r.capacity, r.capacity-p.pool.wasted/p.dt)
		p.pool.wasted = 0
	}
	// What was refused last time was refused on last second's throughput.
	r.reckoned += (r.capacity - r.reckoned) * min(1, p.dt/1.0)
	if t <= -float64(p.scenario.Lobby)+2*p.dt || r.reckoned > r.capacity && r.left <= 0 && r.capacity > 0 {
		r.reckoned = r.capacity
	}
	r.admitted, r.rejected = 0, 0
}

// room is how much more work the local gates let in during this step.
func (r *resource) room(p *plant) float64 {
	bound := r.reckoned * (p.dt + float64(p.scenario.LocalGate.Queue))
	return bound - r.left - r.admitted
}

// serve works on a queue for dt and returns the share that is done. Beyond one
// second of queue a resource that collapses gets slower.
func (r *resource) serve(queue, dt float64, deadline Duration) float64 {
	r.served, r.expelled, r.left = 0, 0, queue
	if queue <= 0 {
		r.wait = 0
		return 0
	}
	capacity := r.capacity
	if seconds := queue / max(capacity, 1e-9); r.Collapse > 0 && seconds > 1+dt {
		capacity /= 1 + r.Collapse*min(20, seconds-1-dt)
	}
	r.served = min(queue, capacity*dt)
	r.left = queue - r.served
	r.wait = min(float64(deadline), r.left/max(capacity, 1e-9))
	// Whoever would wait beyond the deadline is told so.
	if over := r.left - capacity*float64(deadline); over > 0 {
		r.expelled = min(r.left, over)
	}
	return r.served / queue
}

// inFlight by Little's law: being served, and queueing.
func (r *resource) inFlight(dt float64) float64 {
	return r.served/dt*float64(r.Latency)*r.slowdown + r.left
}

// pool is the WAS replicas.
type pool struct {
	Replicas
	running  int
	desired  int
	starting []float64 // times at which they will be warm
	wasted   float64   // work spent on turning people away
}

func newPool(r Replicas) *pool {
	return &pool{Replicas: r, running: r.Start, desired: r.Start}
}

func (p *pool) serving() int { return p.running }

// step starts and stops replicas towards the desired number, as the agent does.
func (p *pool) step(t float64, s *Scenario) {
	for _, f := range s.Faults {
		if f.Kind == faultKill && t >= float64(f.At) && t < float64(f.At)+float64(s.Step) {
			p.running = max(0, p.running-f.Count)
		}
	}
	broken := false
	for _, f := range s.Faults {
		broken = broken || f.Kind == faultNoStart && f.active(t)
	}
	still := p.starting[:0]
	for _, warm := range p.starting {
		switch {
		case t < warm:
			still = append(still, warm)
		case !broken:
			p.running++
		}
	}
	p.starting = still
	for p.running+len(p.starting) < p.desired {
		p.starting = append(p.starting, t+float64(p.ColdStart))
	}
	for p.running+len(p.starting) > p.desired {
		if n := len(p.starting); n > 0 {
			p.starting = p.starting[:n-1]
			continue
		}
		p.running--
	}
}
