package components

import (
	"strings"

	"github.com/charmbracelet/lipgloss"

	"sunbeon/tui/styles"
)

// Table is rows under a heading, one of them perhaps selected. The last column
// takes what width is left.
type Table struct {
	Heading  []string
	Rows     [][]string
	Selected int // -1 for none
}

// View draws the table into width by height cells and scrolls to what is
// selected. The selection is a mark and not only a colour.
func (t Table) View(st styles.Styles, width, height int) string {
	widths := make([]int, len(t.Heading))
	for _, row := range append([][]string{t.Heading}, t.Rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], lipgloss.Width(oneLine.Replace(cell)))
		}
	}
	lines := []string{st.Label.Render(Fit("  "+t.line(t.Heading, widths), width))}
	visible := max(height-1, 1)
	first := 0
	if t.Selected >= visible {
		first = t.Selected - visible + 1
	}
	for i := first; i < len(t.Rows) && i < first+visible; i++ {
		line := t.line(t.Rows[i], widths)
		if i == t.Selected {
			lines = append(lines, st.Selected.Render(Fit("▸ "+line, width)))
		} else {
			lines = append(lines, Fit("  "+line, width))
		}
	}
	return Block(strings.Join(lines, "\n"), width, height)
}

// oneLine keeps a cell from making rows of its own.
var oneLine = strings.NewReplacer("\n", " ", "\r", " ", "\t", " ")

func (t Table) line(cells []string, widths []int) string {
	var b strings.Builder
	for i, cell := range cells {
		b.WriteString(oneLine.Replace(cell))
		if i < len(cells)-1 {
			b.WriteString(strings.Repeat(" ", widths[i]-lipgloss.Width(oneLine.Replace(cell))+2))
		}
	}
	return b.String()
}

// Move is where a selection goes in a list of n.
func Move(selected, by, n int) int { return max(0, min(selected+by, n-1)) }
