package tui

import (
	"strconv"
	"strings"

	"sunbeon/tui/components"
	"sunbeon/tui/pages"
)

// The terminal is drawn down to this size; below it there is a word only.
const minWidth, minHeight = 40, 12

// View implements [tea.Model]: tabs, the page or what lies over it, and at the
// bottom always how old the data is.
func (m model) View() string {
	if m.width < minWidth || m.height < minHeight {
		return components.Block("too small:\nmake it 80×24", m.width, m.height)
	}
	body := m.height - 4
	return components.Tame(strings.Join([]string{
		m.tabs(),
		m.body(body),
		m.bottom(),
		components.StatusBar(m.styles, &m.state, m.width),
		m.keysLine(),
	}, "\n"))
}

func (m model) tabs() string {
	line := m.styles.Brand.Render("Sunbeon") + " "
	for i, p := range m.pages {
		label := strconv.Itoa(i+1) + " " + p.Name()
		if i == m.current {
			line += " " + m.styles.ActiveTab.Render("["+label+"]")
		} else {
			line += "  " + m.styles.Tab.Render(label) + " "
		}
	}
	clock := m.state.Now.Format("15:04:05")
	room := m.width - len(clock) - 1
	return components.Fit(line, room) + " " + m.styles.Faint.Render(clock)
}

func (m model) body(height int) string {
	switch {
	case m.dialog != nil:
		return components.Block(m.dialog.dialog.View(m.styles, m.width, height), m.width, height)
	case m.helps:
		return components.Block(m.helpPage(), m.width, height)
	case !m.state.Known():
		return components.Block("\n  Looking for a control-plane node that answers …", m.width, height)
	}
	return m.pages[m.current].View(m.styles, &m.state, m.width, height)
}

func (m model) helpPage() string {
	full := m.help
	full.ShowAll = true
	return m.styles.Heading.Render("Keys") + "\n" + full.View(m.keys) + "\n\n" +
		m.styles.Heading.Render("Commands") + "\n" + strings.Join(commandHelp, "\n") + "\n\n" +
		m.styles.Faint.Render("Every change shows what it would do first, and Enter means cancel until\nanother button is marked. Any key closes this page.")
}

// bottom is the line that is typed in, or the last notice.
func (m model) bottom() string {
	if m.line != nil {
		return components.Fit(m.line.input.View(), m.width)
	}
	notice := m.notice.View(m.styles, m.state.Now, m.width)
	if f, ok := m.pages[m.current].(pages.Filtering); ok && f.Filtered() != "" && strings.TrimSpace(notice) == "" {
		return components.Fit(m.styles.Label.Render("filter: ")+f.Filtered()+m.styles.Faint.Render("  (/ then esc clears it)"), m.width)
	}
	return notice
}

func (m model) keysLine() string { return components.Fit(m.help.View(m.keys), m.width) }
