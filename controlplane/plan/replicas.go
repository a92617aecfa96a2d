package plan

// Replicas is how many WAS processes should run.
type Replicas struct {
	Revision
	// Desired is what the agents follow; within [Min, Max].
	Desired int  `json:"desired"`
	Min     int  `json:"min"`
	Max     int  `json:"max"`
	Mode    Mode `json:"mode"`
	// Term is the Raft term under which Desired was set; an agent obeys the
	// highest it has seen only.
	Term uint64 `json:"term"`
}

var defaultReplicas = Replicas{Desired: 1, Min: 1, Max: 26, Mode: Auto}

// SetReplicas is the body of replicas.set; what is nil stays.
type SetReplicas struct {
	Desired *int  `json:"desired,omitempty"`
	Min     *int  `json:"min,omitempty"`
	Max     *int  `json:"max,omitempty"`
	Mode    *Mode `json:"mode,omitempty"`
}

// maxReplicas bounds what anyone can ask for.
const maxReplicas = 10_000

// ReplicasAt is how many WAS processes should run at nowMS: the override in
// force, else what was last decided, within the bounds.
func (p *Plan) ReplicasAt(nowMS int64) int {
	desired := p.Replicas.Desired
	if o, ok := p.OverrideAt(TargetReplicas, nowMS); ok {
		desired = int(o.Value)
	}
	return min(max(desired, p.Replicas.Min), p.Replicas.Max)
}

func setReplicas(d *draft, b SetReplicas) error {
	r := d.Replicas
	if err := d.unchanged(r.Revision); err != nil {
		return err
	}
	set(&r.Desired, b.Desired)
	set(&r.Min, b.Min)
	set(&r.Max, b.Max)
	set(&r.Mode, b.Mode)
	switch {
	case r.Min < 0 || r.Max < r.Min || r.Max > maxReplicas:
		return refuse(OutOfBounds, "bounds %d to %d", r.Min, r.Max)
	case r.Desired < r.Min || r.Desired > r.Max:
		return refuse(OutOfBounds, "%d replicas are not within %d to %d", r.Desired, r.Min, r.Max)
	case !r.Mode.valid():
		return refuse(Malformed, "mode %q", r.Mode)
	}
	r.Revision, r.Term = d.now(), max(d.Cluster.Term, d.command.Term)
	d.Replicas = r
	return nil
}
