package cli

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"sunbeon/controlplane/figures"
	"sunbeon/controlplane/steering"
	"sunbeon/controlplane/twin"
)

// words are what a rehearsal is told in.
type words struct {
	wait, inside, expected, from string
	columns                      string
	playing                      string
	asBelieved, notBy, never     string
	resource, each, dark         string
	learned, configured          string
}

var rehearsalWords = map[string]words{
	"en": {
		wait: "%s: %s people wait", inside: ", %s are inside", expected: ", %s are expected", from: "; played from %s",
		columns:    "all called\tall booked\tcalls/s\tWAS at most\theld\tfailed\tlimited by",
		playing:    "playing %s, %d of %d: %d %%",
		asBelieved: "as believed now", notBy: "not by %s", never: "never",
		resource: "  %s: %.0f to %.0f requests/s%s, %.2f a session (%s)\n", each: " each",
		dark:    "  %s: answers nothing at present; × is of the %.0f requests/s it has proved\n",
		learned: "learned tonight", configured: "as configured, never under load yet",
	},
	"ko": {
		wait: "%s: 대기 %s명", inside: ", 입장 중 %s명", expected: ", 예상 %s명", from: "; %s부터 모의",
		columns:    "전원 호출\t전원 예약\t초당 호출\tWAS 최대\t보류\t실패\t제한하는 자원",
		playing:    "모의 중: %s, %d/%d: %d %%",
		asBelieved: "지금 추정대로", notBy: "%s까지 안 됨", never: "불가",
		resource: "  %s: 초당 %.0f~%.0f건%s, 한 사람당 %.2f건 (%s)\n", each: " (한 대)",
		dark:    "  %s: 지금 응답 없음. 배수는 확인된 초당 %.0f건 기준\n",
		learned: "오늘 저녁에 배움", configured: "설정값, 아직 부하 없음",
	},
}

func (r rehearsed) print(out io.Writer, say words) {
	opens := time.UnixMilli(r.OpenMS)
	fmt.Fprintf(out, say.wait, r.Cohort, figures.Count(int64(r.Waiting)))
	if r.Inside > 0 {
		fmt.Fprintf(out, say.inside, figures.Count(int64(r.Inside)))
	}
	if r.Expected > 0 {
		fmt.Fprintf(out, say.expected, figures.Count(int64(r.Expected)))
	}
	fmt.Fprintf(out, say.from+"\n\n", opens.Format(time.TimeOnly))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "  \t"+say.columns)
	for _, a := range r.Answers {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%.0f\t%d\t%.1f %%\t%.2f %%\t%s\n", say.name(a.WhatIf),
			say.clock(opens, a.CalledS, a), say.clock(opens, a.BookedS, a), a.Rate, a.Replicas, 100*a.Held, 100*a.Failed, a.LimitedBy)
	}
	w.Flush()
	fmt.Fprintln(out)
	for _, k := range r.Knowledge.Resources {
		source, each := say.configured, ""
		if k.Learned {
			source = say.learned
		}
		if k.Kind == steering.KindWAS {
			each = say.each
		}
		if twin.Dark(k) {
			fmt.Fprintf(out, say.dark, k.Name, k.Proved)
			continue
		}
		fmt.Fprintf(out, say.resource, k.Name, min(k.Proved, k.Believed), k.Believed, each, k.Visits, source)
	}
}

// name is what is played.
func (say words) name(change *twin.WhatIf) string {
	if change == nil {
		return say.asBelieved
	}
	return fmt.Sprintf("%s × %g", change.Resource, change.Factor)
}

// clock is the time of day so many seconds after the opening.
func (say words) clock(opens time.Time, after *float64, of twin.Answer) string {
	switch {
	case after == nil && of.Dark:
		return say.never
	case after == nil:
		layout := "15:04"
		if of.SimulatedS >= 12*3600 { // or it would read as of today
			layout = "2006-01-02 15:04"
		}
		return fmt.Sprintf(say.notBy, opens.Add(time.Duration(of.SimulatedS*float64(time.Second))).Format(layout))
	}
	length := time.Duration(*after * float64(time.Second)).Round(time.Second)
	return fmt.Sprintf("%s (%s)", opens.Add(length).Format(time.TimeOnly), length)
}
