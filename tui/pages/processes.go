package pages

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"sunbeon/controlplane/figures"
	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/standing"
	"sunbeon/tui/components"
	"sunbeon/tui/keymap"
	"sunbeon/tui/live"
	"sunbeon/tui/styles"
)

// Processes lists the WAS first, then everything else that runs.
type Processes struct {
	selected int
	filter   string
}

// silent is how long a process may not report before it stands out: reports
// are due every five seconds.
const silent = 15 * time.Second

// Name implements [Page].
func (Processes) Name() string { return "WAS" }

// Filter implements [Filtering].
func (p Processes) Filter(text string) Page { return Processes{filter: text} }

// Filtered implements [Filtering].
func (p Processes) Filtered() string { return p.filter }

// Update implements [Page].
func (p Processes) Update(msg tea.KeyMsg, keys keymap.Map, s *live.State) Page {
	switch n := len(p.list(s)); {
	case key.Matches(msg, keys.Up):
		p.selected = components.Move(p.selected, -1, n)
	case key.Matches(msg, keys.Down):
		p.selected = components.Move(p.selected, 1, n)
	}
	return p
}

func (p Processes) list(s *live.State) []plan.Instance {
	var out []plan.Instance
	for _, i := range s.Plan().Instances {
		if p.filter == "" || strings.Contains(strings.ToLower(i.ID+" "+i.Kind+" "+i.State), strings.ToLower(p.filter)) {
			out = append(out, i)
		}
	}
	later := func(i plan.Instance) int { // the WAS come first
		if i.Kind == plan.KindWAS {
			return 0
		}
		return 1
	}
	slices.SortFunc(out, func(a, b plan.Instance) int {
		return cmp.Or(cmp.Compare(later(a), later(b)), cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// View implements [Page].
func (p Processes) View(st styles.Styles, s *live.State, width, height int) string {
	all := p.list(s)
	ready, registered := standing.Running(s.Plan(), plan.KindWAS)
	r := s.Plan().Replicas
	head := fmt.Sprintf("WAS: %s ready of %d running, %d desired within %d and %d, mode %s",
		st.Value.Render(fmt.Sprint(ready)), registered, r.Desired, r.Min, r.Max, r.Mode)
	t := components.Table{Heading: []string{"PROCESS", "KIND", "UP", "REPORTED", "STATE"}, Selected: min(p.selected, len(all)-1)}
	for _, i := range all {
		reported := s.Now.Sub(time.UnixMilli(i.ReportMS))
		t.Rows = append(t.Rows, []string{
			i.ID, i.Kind, figures.Age(s.Now.Sub(time.UnixMilli(i.StartedMS))), figures.Age(reported) + " ago",
			instanceState(st, i, reported),
		})
	}
	return components.Fit(head, width) + "\n" + components.Fit("", width) + "\n" + t.View(st, width, height-2)
}

func instanceState(st styles.Styles, i plan.Instance, reported time.Duration) string {
	state := strings.TrimSpace(i.State + " " + i.Detail)
	switch {
	case reported > silent:
		return st.Bad.Render("✕ silent, last " + state)
	case i.State == plan.Ready:
		return st.Good.Render("● " + state)
	case i.State == plan.Failing:
		return st.Bad.Render("✕ " + state)
	}
	return st.Warn.Render("▲ " + state)
}
