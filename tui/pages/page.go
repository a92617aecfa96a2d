// Package pages are the terminal's screens. Each draws from the state it is
// handed and keeps nothing but where its reader is; none does any I/O.
package pages

import (
	tea "github.com/charmbracelet/bubbletea"

	"sunbeon/tui/keymap"
	"sunbeon/tui/live"
	"sunbeon/tui/styles"
)

// Page is one screen.
type Page interface {
	Name() string
	// Update takes a key the terminal itself has no use for.
	Update(msg tea.KeyMsg, keys keymap.Map, s *live.State) Page
	// View draws the page into width by height cells.
	View(st styles.Styles, s *live.State, width, height int) string
}

// Targeting is a page on which one cohort is picked: actions then mean it.
type Targeting interface {
	Cohort(s *live.State) (id string, ok bool)
}

// Filtering is a page that can show only what contains a text.
type Filtering interface {
	Filter(text string) Page
	Filtered() string
}

// All are the pages, in the order of their number keys.
func All() []Page {
	return []Page{Overview{}, Cohorts{}, Decisions{}, Processes{}, Members{}}
}
