package pages

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"sunbeon/controlplane/figures"
	"sunbeon/controlplane/plan"
	"sunbeon/tui/components"
	"sunbeon/tui/keymap"
	"sunbeon/tui/live"
	"sunbeon/tui/styles"
)

// Decisions lists what the controllers changed and why, newest first. The one
// picked is followed by its index, so that the page stands still while new
// ones come.
type Decisions struct {
	picked uint64
	open   bool
	filter string
}

// Name implements [Page].
func (Decisions) Name() string { return "decisions" }

// Filter implements [Filtering].
func (d Decisions) Filter(text string) Page { return Decisions{filter: text} }

// Filtered implements [Filtering].
func (d Decisions) Filtered() string { return d.filter }

// Update implements [Page].
func (d Decisions) Update(msg tea.KeyMsg, keys keymap.Map, s *live.State) Page {
	all := d.list(s)
	if len(all) == 0 {
		return d
	}
	at := d.at(all)
	switch {
	case key.Matches(msg, keys.Back):
		d.open = false
	case key.Matches(msg, keys.Open):
		d.open = true
		d.picked = all[at].Index
	case key.Matches(msg, keys.Up):
		d.picked = all[components.Move(at, -1, len(all))].Index
	case key.Matches(msg, keys.Down):
		d.picked = all[components.Move(at, 1, len(all))].Index
	}
	return d
}

// list is what the filter lets through, newest first.
func (d Decisions) list(s *live.State) []plan.Decision {
	var out []plan.Decision
	for _, x := range slices.Backward(s.Plan().Decisions) {
		if d.filter == "" || strings.Contains(strings.ToLower(x.Actuator+" "+x.Sentence), strings.ToLower(d.filter)) {
			out = append(out, x)
		}
	}
	return out
}

func (d Decisions) at(all []plan.Decision) int {
	at := slices.IndexFunc(all, func(x plan.Decision) bool { return x.Index == d.picked })
	return max(at, 0)
}

// View implements [Page].
func (d Decisions) View(st styles.Styles, s *live.State, width, height int) string {
	all := d.list(s)
	if len(all) == 0 {
		return components.Block(st.Faint.Render("No controller has decided anything yet."), width, height)
	}
	at := d.at(all)
	if d.open {
		return components.Block(decisionDetail(st, all[at], s, width), width, height)
	}
	t := components.Table{Heading: []string{"TIME", "ACTUATOR", "DECISION"}, Selected: at}
	for _, x := range all {
		t.Rows = append(t.Rows, []string{figures.Clock(x.TimeMS, s.Now.Location()), x.Actuator, x.Sentence})
	}
	footer := strings.Split(components.Wrap(all[at].Sentence, width), "\n")
	footer = footer[:min(len(footer), 3)]
	return t.View(st, width, height-len(footer)-1) + "\n" +
		components.Block("\n"+strings.Join(footer, "\n"), width, len(footer)+1)
}

func decisionDetail(st styles.Styles, d plan.Decision, s *live.State, width int) string {
	out := []string{
		st.Heading.Render(fmt.Sprintf("%s at %s", d.Actuator, figures.Clock(d.TimeMS, s.Now.Location()))) +
			st.Faint.Render(fmt.Sprintf("  by %s, index %d", d.Actor, d.Index)),
		components.Wrap(d.Sentence, width), "",
	}
	return strings.Join(append(out, reasoning(st, d.Record, s.Now.Location())...), "\n")
}
