package pages

import (
	"fmt"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"sunbeon/controlplane/figures"
	"sunbeon/tui/components"
	"sunbeon/tui/keymap"
	"sunbeon/tui/live"
	"sunbeon/tui/styles"
)

// Members are the control-plane nodes as the one that answers knows them.
type Members struct{}

// Name implements [Page].
func (Members) Name() string { return "raft" }

// Update implements [Page].
func (m Members) Update(tea.KeyMsg, keymap.Map, *live.State) Page { return m }

// View implements [Page].
func (Members) View(st styles.Styles, s *live.State, width, height int) string {
	m := s.Members
	if len(m.Members) == 0 {
		return components.Block(st.Faint.Render("No node has told who the members are yet."), width, height)
	}
	leader := st.Good.Render(m.Leader)
	if m.Leader == "" {
		leader = st.Bad.Render("✕ none known: nothing can be changed")
	}
	head := fmt.Sprintf("leader %s, term %d, index %d; told by %s", leader, m.Term, m.Index, m.Node)
	t := components.Table{Heading: []string{"NODE", "ROLE", "VOTES", "RAFT ADDRESS", "REPORTED"}, Selected: -1}
	for _, member := range m.Members {
		role, votes := "follower", "yes"
		if member.Leader {
			role = "leader"
		}
		if !member.Voter {
			votes = "no"
		}
		reported := "never"
		if i, ok := s.Plan().Instances[member.ID]; ok {
			age := s.Now.Sub(time.UnixMilli(i.ReportMS))
			reported = figures.Age(age) + " ago"
			if age > silent {
				reported = st.Bad.Render("✕ " + reported)
			}
		}
		t.Rows = append(t.Rows, []string{member.ID, role, votes, member.Address, reported})
	}
	return components.Fit(head, width) + "\n" + components.Fit("", width) + "\n" + t.View(st, width, height-2)
}
