package steering

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// whyChain is how many moves before the one in force are told.
const whyChain = 4

// Why tells in plain sentences, in language lang ("ko" or "en"), which decisions
// led to what an actuator did at atMS: the one in force first, with what it was
// taken from, then those before it. Decisions are in order of time. zone is
// where the reader's clock hangs.
func Why(decisions []Decision, actuator string, atMS int64, lang string, zone *time.Location) string {
	say := voice{lang: lang, zone: zone}
	var chain []move
	outcomes := map[uint64]Decision{}
	for _, d := range decisions {
		switch n := len(chain); {
		case d.TimeMS > atMS || d.Actuator != actuator:
		case d.Action == ActionOutcome:
			outcomes[d.Of] = d
		case n > 0 && chain[n-1].goesOn(d):
			chain[n-1].last = d
			chain[n-1].steps++
		default:
			chain = append(chain, move{first: d, last: d, steps: 1})
		}
	}
	if len(chain) == 0 {
		return say.pick("그때까지 결정이 없음\n", "no decision until then\n")
	}
	var b strings.Builder
	last := len(chain) - 1
	say.move(&b, chain[last])
	say.evidence(&b, chain[last].last)
	if o, ok := outcomes[chain[last].last.ID]; ok {
		fmt.Fprintf(&b, "  %s\n", o.Because.In(lang))
	}
	if last > 0 {
		b.WriteString(say.pick("그 전:\n", "before that:\n"))
	}
	for i := last - 1; i >= 0 && i >= last-whyChain; i-- {
		say.move(&b, chain[i])
	}
	return b.String()
}

// move is decisions in a row that go the same way for the same reason: a climb of
// ten steps is one thing to a reader.
type move struct {
	first, last Decision
	steps       int
}

// moveGapMS is the longest pause within a move.
const moveGapMS = 10_000

func (m move) goesOn(d Decision) bool {
	return (d.Action == ActionRaise || d.Action == ActionLower) && d.Action == m.last.Action && d.TimeMS-m.last.TimeMS <= moveGapMS &&
		d.Bottleneck == m.last.Bottleneck && strings.Join(d.Clamps, ",") == strings.Join(m.last.Clamps, ",")
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

// move is one sentence: when, what, why. The reason is the last one's.
func (v voice) move(b *strings.Builder, m move) {
	clock := func(d Decision) string { return time.UnixMilli(d.TimeMS).In(v.zone).Format("15:04:05") }
	when, whole := clock(m.last), m.last
	if m.steps > 1 {
		when, whole.From = clock(m.first)+"–"+when, m.first.From
	}
	fmt.Fprintf(b, "%s %s", when, v.deed(whole))
	if m.steps > 1 {
		fmt.Fprintf(b, v.pick(" (%d번에 걸쳐)", " in %d steps"), m.steps)
	}
	fmt.Fprintf(b, ": %s.\n", m.last.Because.In(v.lang))
}

// figure is a number with as many digits as a reader needs.
func figure(x float64) string {
	if math.Abs(x) >= 10 || x == 0 {
		return strconv.FormatFloat(math.Round(x), 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'g', 2, 64)
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
		return fmt.Sprintf(v.pick("%s %s에서 %s%s로 올림", "%s raised from %s to %s%s"), what, figure(d.From), figure(d.To), unit)
	case ActionLower:
		return fmt.Sprintf(v.pick("%s %s에서 %s%s로 내림", "%s lowered from %s to %s%s"), what, figure(d.From), figure(d.To), unit)
	case ActionPropose:
		return fmt.Sprintf(v.pick("%s %s에서 %s%s로 제안", "%s: proposed from %s to %s%s"), what, figure(d.From), figure(d.To), unit)
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
	return fmt.Sprintf(v.pick("%s %s%s 유지 (막지 않았다면 %s%s)", "%s held at %s%s (%s%s if nothing had stopped it)"), what, figure(d.To), unit, figure(d.Unclamped), unit)
}

// evidence is what the decision was taken from, a line each.
func (v voice) evidence(b *strings.Builder, d Decision) {
	for _, e := range d.Estimates {
		limit := v.pick("제한하지 않음", "does not limit")
		if e.Limit >= 0 {
			limit = fmt.Sprintf(v.pick("%s명/s까지 허용", "would allow %s/s"), figure(e.Limit))
		}
		state := ""
		if e.Saturated {
			state = v.pick(", 포화", ", saturated")
		}
		each := ""
		if e.Each {
			each = v.pick(" (한 대)", " each")
		}
		fmt.Fprintf(b, v.pick("  %s%s: 입증 %s건/s, 추정 %s건/s (신뢰도 %.0f %%)%s, %s\n",
			"  %s%s: proved %s/s, believed %s/s (confidence %.0f %%)%s, %s\n"),
			title(e.Resource), each, figure(e.Proved), figure(e.Believed), 100*e.Confidence, state, limit)
	}
	if d.Predicted != nil {
		from, to := time.UnixMilli(d.Predicted.FromMS).In(v.zone), time.UnixMilli(d.Predicted.ToMS).In(v.zone)
		fmt.Fprintf(b, v.pick("  예측: %s에 %s건/s, %s–%s\n", "  prediction: %s sees %s/s from %s to %s\n"),
			title(d.Predicted.Resource), figure(d.Predicted.Rate), from.Format("15:04:05"), to.Format("15:04:05"))
	}
	for _, e := range d.Inputs {
		if e.AgeMS > 3000 {
			fmt.Fprintf(b, v.pick("  %s: %.1f초 전의 값\n", "  %s: told %.1f s ago\n"), v.signal(e.Signal), float64(e.AgeMS)/1000)
		}
	}
}

// signal is an input's name as people say it.
func (v voice) signal(name string) string {
	switch name {
	case "line_waiting":
		return v.pick("대기 인원", "people waiting")
	case "sessions":
		return v.pick("입장 중인 인원", "people inside")
	case "oldest_signal":
		return v.pick("가장 오래된 측정값", "the oldest signal")
	}
	if resource, ok := strings.CutSuffix(name, "_throughput"); ok {
		return title(resource) + v.pick(" 처리량", " throughput")
	}
	return title(strings.TrimSuffix(name, "_held")) + v.pick(" 보류", " held")
}
