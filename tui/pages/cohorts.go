package pages

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"sunbeon/controlplane/figures"
	"sunbeon/controlplane/standing"
	"sunbeon/tui/components"
	"sunbeon/tui/keymap"
	"sunbeon/tui/live"
	"sunbeon/tui/styles"
)

// Cohorts lists the cohorts; actions mean the one that is picked.
type Cohorts struct{ selected int }

// Name implements [Page].
func (Cohorts) Name() string { return "cohorts" }

// Update implements [Page].
func (c Cohorts) Update(msg tea.KeyMsg, keys keymap.Map, s *live.State) Page {
	switch n := len(s.Plan().Cohorts); {
	case key.Matches(msg, keys.Up):
		c.selected = components.Move(c.selected, -1, n)
	case key.Matches(msg, keys.Down):
		c.selected = components.Move(c.selected, 1, n)
	}
	return c
}

// Cohort implements [Targeting].
func (c Cohorts) Cohort(s *live.State) (string, bool) {
	all := s.Standings()
	if len(all) == 0 {
		return "", false
	}
	return all[min(c.selected, len(all)-1)].Cohort.ID, true
}

// View implements [Page].
func (c Cohorts) View(st styles.Styles, s *live.State, width, height int) string {
	all := s.Standings()
	if len(all) == 0 {
		return components.Block(st.Faint.Render("No cohort is defined."), width, height)
	}
	t := components.Table{
		Heading:  []string{"COHORT", "WAITING", "SERVING", "BOOKED", "RATE", "PHASE"},
		Selected: min(c.selected, len(all)-1),
	}
	for _, x := range all {
		t.Rows = append(t.Rows, []string{
			x.Cohort.ID, figures.Count(x.Waiting), figures.Count(min(x.Serving, x.Issued)), figures.Count(x.Booked),
			figures.Rate(x.RateMilli), phase(st, x),
		})
	}
	detail := cohortDetail(st, all[t.Selected], s.Now)
	rows := min(len(all)+1, max(height-len(detail)-1, 2))
	return components.Block(t.View(st, width, rows)+"\n\n"+strings.Join(detail, "\n"), width, height)
}

func cohortDetail(st styles.Styles, s standing.Standing, now time.Time) []string {
	c := s.Cohort
	clock := func(ms int64) string { return figures.Moment(ms, now, now.Location()) }
	row := func(label, format string, args ...any) string {
		return st.Label.Render(components.Fit(label, 12)) + fmt.Sprintf(format, args...)
	}
	out := []string{
		st.Heading.Render(c.ID) + "  " + c.Name["en"] + " " + st.Faint.Render(c.Name["ko"]),
		row("timetable", "lobby %s · seal %s · open %s · close %s", clock(c.LobbyMS), clock(c.SealMS), clock(c.OpenMS), clock(c.CloseMS)),
		row("people", "born %s to %s, last digits %s", c.BirthFrom, c.BirthTo, digits(c.LastDigits)),
		row("order", "%s %s", c.Order, c.DrawMode),
		row("approved", "%s", orNone(strings.Join(c.ApprovedBy, ", "))),
		row("line", "issued %s · to come %s · claimed %s · in session %s", figures.Count(s.Issued),
			figures.Count(s.Called), figures.Count(s.Claimed), figures.Count(s.Sessions)),
	}
	if s.Serves {
		out = append(out, row("segment", "%s granted, begun %s ago, lease %s", figures.Rate(s.LeaseRateMilli),
			figures.Age(time.Duration(s.SegmentAgeMS)*time.Millisecond), lease(s.LeaseLeftMS)))
	}
	if c.Draw != nil {
		out = append(out, row("draw", "%s lobby tickets, root %.16s…", figures.Count(c.Draw.Count), c.Draw.Root))
	}
	if c.Note != "" {
		out = append(out, row("note", "%s", c.Note))
	}
	return out
}

func lease(leftMS int64) string {
	left := time.Duration(leftMS) * time.Millisecond
	if left < 0 {
		return "over for " + figures.Age(-left)
	}
	return "for another " + figures.Age(left)
}

func digits(all []int) string {
	if len(all) == 0 {
		return "all"
	}
	return strings.Trim(fmt.Sprint(all), "[]")
}

func orNone(text string) string {
	if text == "" {
		return "by nobody yet"
	}
	return "by " + text
}
