package steering

import "fmt"

// because says in a sentence what limits the rate.
func (s *State) because(cfg Config, in Inputs, w wish, v verdict) Sentence {
	limit, goal := s.limit(cfg, in, w), in.Admission.clamp(w.rate)
	if len(v.clamps) == 0 {
		return limit
	}
	switch last := v.clamps[len(v.clamps)-1]; {
	case last == clampSlew:
		return Sentence{
			Ko: fmt.Sprintf("%.0f명/s까지 단계적으로: %s", goal, limit.Ko),
			En: fmt.Sprintf("step by step towards %.0f/s: %s", goal, limit.En),
		}
	case last == clampBlind && v.rate >= in.Admission.Current:
		return sentence("측정값이 없어 올리지 않음", "telemetry is lost: no increase")
	default:
		if reason, ok := clampReasons[last]; ok {
			return reason
		}
	}
	return limit
}

// limit says what keeps the wish from being higher, and that it is not the WAS,
// because that is what everybody asks first.
func (s *State) limit(cfg Config, in Inputs, w wish) Sentence {
	if name, ok := s.nothingRuns(cfg, in); ok {
		return sentence("실행 중인 %s 없음: %d대 중 0대 준비됨", "no %s runs: 0 of %d are ready", name, in.Replicas.Desired)
	}
	if w.resource < 0 {
		return sentence("제한하는 자원 없음", "nothing limits")
	}
	said := s.limiting(cfg, in, w)
	for i, limit := range w.limits {
		if i != w.resource && s.kind(cfg, i) == KindWAS && limit > 1.05*w.limits[w.resource] {
			return Sentence{Ko: said.Ko + " (WAS 아님)", En: said.En + " (not WAS)"}
		}
	}
	return said
}

// limiting says what the tightest resource is at.
func (s *State) limiting(cfg Config, in Inputs, w wish) Sentence {
	name, e := title(s.Names[w.resource]), &s.Estimates[w.resource]
	units := 1.0 // the pool's estimates are of one replica
	if s.kind(cfg, w.resource) == KindWAS {
		units = float64(max(1, in.Replicas.Running))
	}
	proved, believed, before := e.Proved*units, e.Believed*units, e.goal()*units
	switch {
	case e.Out && e.Sight.Last[0] <= 0:
		return sentence("%s 중단: 아무것도 처리되지 않음 (이전 %.0f건/s)", "%s is dark: nothing is served, %.0f/s before", name, before)
	case e.Out:
		return sentence("%s 중단 후 다시 시도: 이전 %.0f건/s 중 %.0f건/s", "%s is back after an outage: of %.0f/s before, %.0f/s are tried", name, before, believed)
	case e.Saturated && w.committed >= 1:
		return sentence("%s 포화: %.0f건/s, 이미 들어온 사람만으로 다 참", "%s is saturated at %.0f/s and those already inside fill it", name, believed)
	case e.Saturated || e.Found:
		return sentence("%s에서 %.0f건/s로 제한됨", "limited by %s at %.0f/s", name, believed)
	}
	if other := s.saturated(); other != "" {
		return sentence("%s 포화, 더 제한하는 것은 %s: 입증 %.0f건/s, 추정 %.0f건/s", "%s is saturated, but %s limits more: %.0f/s proved, %.0f/s believed", other, name, proved, believed)
	}
	return sentence("아직 아무것도 포화되지 않음: %s 탐색 중, 입증 %.0f건/s, 추정 %.0f건/s", "nothing saturates yet: exploring %s, %.0f/s proved, %.0f/s believed", name, proved, believed)
}

// nothingRuns names the pool when none of its replicas serves.
func (s *State) nothingRuns(cfg Config, in Inputs) (name string, ok bool) {
	for i, name := range s.Names {
		if in.Replicas.Running == 0 && s.kind(cfg, i) == KindWAS {
			return title(name), true
		}
	}
	return "", false
}

// title is a resource's name in a sentence, where "was" would be a verb.
func title(name string) string {
	if name == "was" {
		return "WAS"
	}
	return name
}

// saturated names a resource that is, if any.
func (s *State) saturated() string {
	for i, name := range s.Names {
		if s.Estimates[i].Saturated {
			return title(name)
		}
	}
	return ""
}

var clampReasons = map[string]Sentence{
	clampStale:     {"측정값이 오래되어 올리지 않음", "telemetry is old: no increase"},
	clampBlind:     {"측정값이 없어 안전 하한으로 줄임", "telemetry is lost: falling to the safe floor"},
	clampUnseen:    {"아직 측정값 없음", "no telemetry yet"},
	clampNewLeader: {"새 리더가 아직 충분히 보지 못함", "the new leader has not seen enough yet"},
	clampFreeze:    {"전체 동결 중", "everything is frozen"},
	clampPause:     {"일시 정지 중", "admission is paused"},
	clampOverride:  {"운영자가 정한 값", "an operator's override is in force"},
	clampMode:      {"모드가 자동이 아니라 제안만 함", "the mode allows proposals only"},
	clampApproval:  {"승인을 기다림", "waiting for approval"},
	clampStrain:    {"막 부하 징후를 보아 확인 중", "strain was just seen: waiting to be sure"},
	clampLost:      {"실행되던 WAS가 응답하지 않음: 올리지 않음", "WAS that ran do not answer: no increase"},
	clampBudget:    {"이 시간의 변경 횟수를 다 씀", "this hour's changes are used up"},
	clampMax:       {"정해진 상한", "the upper bound holds it"},
	clampMin:       {"정해진 하한", "the lower bound holds it"},
}
