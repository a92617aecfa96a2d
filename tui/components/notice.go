package components

import (
	"time"

	"sunbeon/tui/styles"
)

// noticeFor is how long a notice stays.
const noticeFor = 12 * time.Second

// Notice is one line about what was just done, or why not.
type Notice struct {
	Text string
	Bad  bool
	At   time.Time
}

// View is the notice's line, empty when it had its time.
func (n Notice) View(st styles.Styles, now time.Time, width int) string {
	switch {
	case n.Text == "" || now.Sub(n.At) > noticeFor:
		return Fit("", width)
	case n.Bad:
		return st.Bad.Render(Fit("✕ "+n.Text, width))
	}
	return st.Good.Render(Fit("✓ "+n.Text, width))
}
