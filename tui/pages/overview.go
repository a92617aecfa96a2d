package pages

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"

	"sunbeon/controlplane/figures"
	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/standing"
	"sunbeon/controlplane/steering"
	"sunbeon/tui/components"
	"sunbeon/tui/keymap"
	"sunbeon/tui/live"
	"sunbeon/tui/styles"
)

// Overview is the evening at one glance: how fast, how many, what stands in
// the way, and the last decision.
type Overview struct{}

// Name implements [Page].
func (Overview) Name() string { return "overview" }

// Update implements [Page].
func (o Overview) Update(tea.KeyMsg, keymap.Map, *live.State) Page { return o }

// chartSpan is how much of the past the charts show.
const chartSpan = 2 * time.Minute

// minChart is the least height at which a chart still shows something.
const minChart = 4

// View implements [Page]. Where not everything fits, charts go first and then
// the later cohorts: what operators have set, and the reason for the present
// rate, stay.
func (o Overview) View(st styles.Styles, s *live.State, width, height int) string {
	steering, why := o.steering(st, s), o.why(st, s, width)
	told := min(len(why), 2)
	cohorts := lines(st, s)
	cohorts = cohorts[:max(min(len(cohorts), height-len(steering)-told), 1)]
	head := append(cohorts, steering...)
	head = head[:max(min(len(head), height-told), 0)]
	room := height - len(head) - told
	parts := []string{components.Block(strings.Join(head, "\n"), width, len(head))}
	if room > minChart {
		parts = append(parts, components.Fit("", width), o.charts(st, s, width, room-1))
	} else {
		told = min(len(why), told+room)
		if blank := height - len(head) - told; blank > 0 {
			parts = append(parts, components.Block("", width, blank))
		}
	}
	parts = append(parts, components.Block(strings.Join(why[:told], "\n"), width, told))
	return components.Block(strings.Join(parts, "\n"), width, height)
}

// lines tells each cohort that matters now, in two lines where it has a line.
func lines(st styles.Styles, s *live.State) []string {
	var out []string
	for _, c := range s.Standings() {
		if c.Cohort.Phase == plan.Closed && len(out) > 0 {
			continue
		}
		if len(out) >= 4 {
			break
		}
		out = append(out, fmt.Sprintf("%s  %s  %s", st.Value.Render(c.Cohort.ID), phase(st, c), st.Faint.Render(timetable(c, s.Now))))
		if c.Issued == 0 {
			continue
		}
		out = append(out,
			fmt.Sprintf("  serving %s/%s  waiting %s  to come %s  booked %s",
				number(st, min(c.Serving, c.Issued)), figures.Count(c.Issued), number(st, c.Waiting), number(st, c.Called),
				number(st, c.Booked)))
	}
	if len(out) == 0 {
		out = append(out, st.Faint.Render("No cohort is defined."))
	}
	return out
}

func number(st styles.Styles, n int64) string { return st.Value.Render(figures.Count(n)) }

// phase is a cohort's phase with its sign, and what must not be overlooked.
func phase(st styles.Styles, s standing.Standing) string {
	switch {
	case s.Held:
		return st.Bad.Render("❚❚ on hold")
	case s.Cohort.Phase == plan.Open && s.LeaseLeftMS < 0:
		return st.Bad.Render("▼ open, lease over: the rate decays")
	case s.Cohort.Phase == plan.Open:
		return st.Good.Render("● open")
	case s.Cohort.Phase == plan.Paused:
		return st.Warn.Render("❚❚ paused")
	case s.Cohort.Phase == plan.Scheduled && len(s.Cohort.ApprovedBy) == 0:
		return st.Warn.Render("○ scheduled, not approved")
	}
	return st.Label.Render("○ " + string(s.Cohort.Phase))
}

// timetable tells the next hour of a cohort.
func timetable(s standing.Standing, now time.Time) string {
	at := func(what string, ms int64) string {
		when := figures.Moment(ms, now, now.Location())
		if left := time.UnixMilli(ms).Sub(now); left > 0 && left < time.Hour {
			return fmt.Sprintf("%s %s, in %s", what, when, figures.Age(left))
		}
		return what + " " + when
	}
	c := s.Cohort
	switch c.Phase {
	case plan.Scheduled:
		return at("lobby", c.LobbyMS)
	case plan.Lobby, plan.Sealed:
		return at("opens", c.OpenMS)
	case plan.Closed:
		return at("closed", c.CloseMS)
	}
	return at("closes", c.CloseMS)
}

// steering tells the rate and the WAS, and below them what operators set over
// the controllers, a line each.
func (Overview) steering(st styles.Styles, s *live.State) []string {
	p := s.Plan()
	ready, all := standing.Running(p, plan.KindWAS)
	out := []string{
		fmt.Sprintf("admission %s  configured %s, mode %s", st.Value.Render(figures.Rate(live.Total(s.Standings()).RateMilli)),
			figures.Rate(p.Admission.RateMilli), p.Admission.Mode),
		fmt.Sprintf("WAS       %s ready of %d, %d desired, mode %s", st.Value.Render(fmt.Sprint(ready)), all,
			p.Replicas.Desired, p.Replicas.Mode),
	}
	clock := func(ms int64) string { return figures.Clock(ms, s.Now.Location()) }
	for _, h := range standing.Sorted(p.Holds) {
		out = append(out, st.Bad.Render(fmt.Sprintf("❚❚ %s on hold since %s by %s: %s", h.Scope, clock(h.SinceMS), h.Owner, h.Reason)))
	}
	for _, o := range standing.Sorted(p.Overrides) {
		if o.UntilMS > s.NowMS() {
			out = append(out, st.Warn.Render(fmt.Sprintf("▲ %s overridden to %s until %s by %s: %s", o.Target, overrideValue(o),
				clock(o.UntilMS), o.Owner, o.Reason)))
		}
	}
	for _, f := range standing.Sorted(p.Freezes) {
		if f.UntilMS > s.NowMS() {
			out = append(out, st.Warn.Render(fmt.Sprintf("▲ %s frozen until %s by %s: %s", f.Scope, clock(f.UntilMS), f.Owner, f.Reason)))
		}
	}
	return out
}

func overrideValue(o plan.Override) string {
	if o.Target == plan.TargetAdmission {
		return figures.Rate(o.Value)
	}
	return figures.Count(o.Value)
}

func (Overview) charts(st styles.Styles, s *live.State, width, height int) string {
	left := (width - 2) / 2
	right := width - 2 - left
	h := &s.History
	milli := func(x live.Sample) float64 { return float64(x.RateMilli) / 1000 }
	total := live.Total(s.Standings())
	bookings := h.Rate(func(x live.Sample) int64 { return x.Booked })
	calls := h.Rate(func(x live.Sample) int64 { return x.Serving })
	charts := []components.Chart{
		{Title: "rate, turns/s", Now: figures.RateNumber(total.RateMilli), Points: h.Series(milli), Span: chartSpan},
		{Title: "called/s", Now: last(calls), Points: calls, Span: chartSpan},
		{Title: "waiting", Now: figures.Count(total.Waiting),
			Points: h.Series(func(x live.Sample) float64 { return float64(x.Waiting) }), Span: chartSpan},
		{Title: "bookings/s", Now: last(bookings), Points: bookings, Span: chartSpan},
	}
	if height < 10 { // one row of charts says more than two rows of titles
		return beside(charts[0].View(st, left, height, s.Now), charts[3].View(st, right, height, s.Now), left, right, height)
	}
	top := height / 2
	bottom := height - top
	return beside(charts[0].View(st, left, top, s.Now), charts[1].View(st, right, top, s.Now), left, right, top) + "\n" +
		beside(charts[2].View(st, left, bottom, s.Now), charts[3].View(st, right, bottom, s.Now), left, right, bottom)
}

func beside(a, b string, left, right, height int) string {
	return lipgloss.JoinHorizontal(lipgloss.Top, components.Block(a, left+2, height), components.Block(b, right, height))
}

func last(points []live.Point) string {
	if len(points) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", points[len(points)-1].Value)
}

// why is the last decision, line by line. What came of an earlier one is no
// reason for what is in force.
func (Overview) why(st styles.Styles, s *live.State, width int) []string {
	d, ok := lastReason(s.Plan().Decisions)
	if !ok {
		return []string{st.Faint.Render("why: no controller has decided anything yet")}
	}
	text := fmt.Sprintf("why: %s %s: %s", figures.Clock(d.TimeMS, s.Now.Location()), d.Actuator, d.Sentence)
	return strings.Split(components.Wrap(text, width), "\n")
}

func lastReason(decisions []plan.Decision) (plan.Decision, bool) {
	for _, d := range slices.Backward(decisions) {
		var record struct {
			Action steering.Action `json:"action"`
		}
		if json.Unmarshal(d.Record, &record) != nil || record.Action != steering.ActionOutcome {
			return d, true
		}
	}
	return plan.Decision{}, false
}
