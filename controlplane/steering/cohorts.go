package steering

import "sort"

// callable people: waiting, and within tonight's supply.
func (c Cohort) callable() float64 {
	if c.Limited {
		return max(0, min(c.Waiting, c.Supply))
	}
	return max(0, c.Waiting)
}

// shares divides rate by weight among open cohorts. A cohort that cannot use its
// share within a minute leaves the rest to the others.
func shares(rate float64, cohorts []Cohort, nowMS int64) map[string]float64 {
	var open []Cohort
	for _, c := range cohorts {
		if c.Open && (c.CloseMS == 0 || nowMS < c.CloseMS) {
			open = append(open, c)
		}
	}
	if len(open) == 0 {
		return nil
	}
	// Those with the smallest use for a unit of weight are settled first; what
	// they leave goes to the rest.
	const minute = 60
	sort.SliceStable(open, func(i, j int) bool {
		return open[i].callable()*open[j].weight() < open[j].callable()*open[i].weight()
	})
	weights := 0.0
	for _, c := range open {
		weights += c.weight()
	}
	out := make(map[string]float64, len(open))
	left := rate
	for i, c := range open {
		share := left * c.weight() / weights
		if i < len(open)-1 {
			share = min(share, c.callable()/minute)
		}
		out[c.ID] = share
		left -= share
		weights -= c.weight()
	}
	return out
}

func (c Cohort) weight() float64 {
	if c.Weight > 0 {
		return c.Weight
	}
	return 1
}

// opening says whether a due cohort may open, and if not, why not.
func opening(s *State, in Inputs, c Cohort, t trust, w wish) (bool, Sentence) {
	switch {
	case in.Freeze:
		return false, sentence("전체 동결 중", "everything is frozen")
	case in.Pause:
		return false, sentence("일시 정지 중", "admission is paused")
	case !c.Approved:
		return false, sentence("두 사람의 승인이 없음", "two people's approval is missing")
	case in.Incident:
		return false, sentence("진행 중인 사고가 있음", "an incident is active")
	case t == trustBlind:
		return false, sentence("측정값이 너무 오래됨", "telemetry is too old")
	}
	first := true
	for _, other := range in.Cohorts {
		first = first && !(other.Open && other.callable() > 0)
	}
	if first {
		// A scheduled opening into an empty house goes ahead at the floor even
		// under a new leader.
		return true, sentence("예정 시각, 승인됨", "on time and approved")
	}
	switch {
	case t != trustFull:
		return false, sentence("측정값이 새롭지 않음", "telemetry is not fresh")
	case in.Replicas.Running < in.Replicas.Desired:
		return false, sentence("WAS가 %d/%d대만 준비됨", "only %d of %d WAS are warm", in.Replicas.Running, in.Replicas.Desired)
	case w.resource >= 0 && s.Estimates[w.resource].Saturated:
		return false, sentence("%s에 여유가 없음", "%s has no headroom", s.Names[w.resource])
	}
	return true, sentence("예정 시각, 승인됨, 여유 있음", "on time, approved, with headroom")
}
