package steering

import (
	"fmt"
	"strings"
	"time"
)

// whyChain is how many decisions before the one in force are told.
const whyChain = 4

// Why tells in plain sentences, in language lang ("ko" or "en"), which decisions
// led to what an actuator did at atMS: the one in force first, with what it was
// taken from, then those before it. Decisions are in order of time. zone is
// where the reader's clock hangs.
func Why(decisions []Decision, actuator string, atMS int64, lang string, zone *time.Location) string {
	say := voice{lang: lang, zone: zone}
	var chain []Decision
	outcomes := map[uint64]Decision{}
	for _, d := range decisions {
		switch {
		case d.TimeMS > atMS || d.Actuator != actuator:
		case d.Action == ActionOutcome:
			outcomes[d.Of] = d
		default:
			chain = append(chain, d)
		}
	}
	if len(chain) == 0 {
		return say.pick("그때까지 결정이 없음\n", "no decision until then\n")
	}
	var b strings.Builder
	last := len(chain) - 1
	say.decision(&b, chain[last])
	say.evidence(&b, chain[last])
	if o, ok := outcomes[chain[last].ID]; ok {
		fmt.Fprintf(&b, "  %s\n", o.Because.In(lang))
	}
	if last > 0 {
		b.WriteString(say.pick("그 전:\n", "before that:\n"))
	}
	for i := last - 1; i >= 0 && i >= last-whyChain; i-- {
		say.decision(&b, chain[i])
	}
	return b.String()
}

// voice speaks one language.
type voice struct {
	lang string
	zone *time.Location
}

func (v voice) pick(ko, en string) string {
	if v.lang == "ko" {
		return ko
	}
	return en
}

// decision is one sentence: when, what, why.
func (v voice) decision(b *strings.Builder, d Decision) {
	when := time.UnixMilli(d.TimeMS).In(v.zone).Format("15:04:05")
	fmt.Fprintf(b, "%s %s: %s.\n", when, v.deed(d), d.Because.In(v.lang))
}

func (v voice) deed(d Decision) string {
	unit := v.pick("명/s", "/s")
	what := v.pick("입장 속도", "admission rate")
	switch d.Actuator {
	case ActuatorReplicas:
		what, unit = "WAS", v.pick("대", "")
	case ActuatorCohort:
		what, unit = v.pick("집단 ", "cohort ")+d.Cohort, ""
	}
	switch d.Action {
	case ActionRaise:
		return fmt.Sprintf(v.pick("%s %.4g에서 %.4g%s로 올림", "%s raised from %.4g to %.4g%s"), what, d.From, d.To, unit)
	case ActionLower:
		return fmt.Sprintf(v.pick("%s %.4g에서 %.4g%s로 내림", "%s lowered from %.4g to %.4g%s"), what, d.From, d.To, unit)
	case ActionPropose:
		return fmt.Sprintf(v.pick("%s %.4g에서 %.4g%s로 제안", "%s: proposed from %.4g to %.4g%s"), what, d.From, d.To, unit)
	case ActionOpen:
		return what + v.pick(" 개시", " opened")
	case ActionClose:
		return what + v.pick(" 마감", " closed")
	case ActionDemote:
		return what + v.pick(" 제안 모드로 낮춤", " demoted to advising")
	}
	if d.Actuator == ActuatorCohort {
		return what + v.pick(" 보류", " held back")
	}
	return fmt.Sprintf(v.pick("%s %.4g%s 유지 (막지 않았다면 %.4g%s)", "%s held at %.4g%s (%.4g%s if nothing had stopped it)"), what, d.To, unit, d.Unclamped, unit)
}

// evidence is what the decision was taken from, a line each.
func (v voice) evidence(b *strings.Builder, d Decision) {
	for _, e := range d.Estimates {
		limit := v.pick("제한하지 않음", "does not limit")
		if e.Limit >= 0 {
			limit = fmt.Sprintf(v.pick("%.4g명/s까지 허용", "would allow %.4g/s"), e.Limit)
		}
		state := ""
		if e.Saturated {
			state = v.pick(", 포화", ", saturated")
		}
		fmt.Fprintf(b, v.pick("  %s: 입증 %.4g건/s, 추정 %.4g건/s (신뢰도 %.0f %%)%s, %s\n",
			"  %s: proved %.4g/s, believed %.4g/s (confidence %.0f %%)%s, %s\n"),
			e.Resource, e.Proved, e.Believed, 100*e.Confidence, state, limit)
	}
	if d.Predicted != nil {
		from, to := time.UnixMilli(d.Predicted.FromMS).In(v.zone), time.UnixMilli(d.Predicted.ToMS).In(v.zone)
		fmt.Fprintf(b, v.pick("  예측: %s에 %.4g건/s, %s–%s\n", "  prediction: %s sees %.4g/s from %s to %s\n"),
			d.Predicted.Resource, d.Predicted.Rate, from.Format("15:04:05"), to.Format("15:04:05"))
	}
	for _, e := range d.Inputs {
		if e.AgeMS > 3000 {
			fmt.Fprintf(b, v.pick("  %s의 나이 %.1f초\n", "  %s is %.1f s old\n"), e.Signal, float64(e.AgeMS)/1000)
		}
	}
}
