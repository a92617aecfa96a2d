package twin

// Score plays a scenario with each named controller on the given number of
// seeds and returns the means; goodput ratios are of sums over the seeds.
func Score(s *Scenario, names []string, seeds int, tuning Tuning) (map[string]Result, error) {
	reference, err := sum(s, "clairvoyant", seeds, tuning)
	if err != nil {
		return nil, err
	}
	out := map[string]Result{}
	for _, name := range names {
		r := reference
		if name != "clairvoyant" {
			if r, err = sum(s, name, seeds, tuning); err != nil {
				return nil, err
			}
		}
		r.Ratio = r.Goodput / max(1e-9, reference.Goodput)
		out[name] = r
	}
	return out, nil
}

// sum plays the seeds of one controller and averages.
func sum(s *Scenario, name string, seeds int, tuning Tuning) (Result, error) {
	var total Result
	var convergence, discovery mean
	for seed := range seeds {
		run, err := Simulate(s, name, uint64(seed+1), tuning)
		if err != nil {
			return Result{}, err
		}
		r := run.Result
		total.Goodput += r.Goodput
		total.Admitted += r.Admitted
		total.Failed += r.Failed * r.Admitted
		total.Held += r.Held * r.Admitted
		total.P99 = max(total.P99, r.P99)
		total.Actuations += r.Actuations / float64(seeds)
		total.Reversals += r.Reversals / float64(seeds)
		total.Overshoot += r.Overshoot / float64(seeds)
		total.Unsafe += r.Unsafe
		total.ReplicaHour += r.ReplicaHour / float64(seeds)
		total.capacity += r.capacity
		convergence.add(r.Convergence)
		discovery.add(r.Discovery)
	}
	total.Failed /= max(1, total.Admitted)
	total.Held /= max(1, total.Admitted)
	total.Convergence, total.Discovery = convergence.value(), discovery.value()
	return total, nil
}

// mean of values that may be missing; one missing value makes it missing.
type mean struct {
	sum     float64
	n       int
	missing bool
}

func (m *mean) add(v *float64) {
	if v == nil {
		m.missing = true
		return
	}
	m.sum += *v
	m.n++
}

func (m *mean) value() *float64 {
	if m.missing || m.n == 0 {
		return nil
	}
	v := m.sum / float64(m.n)
	return &v
}
