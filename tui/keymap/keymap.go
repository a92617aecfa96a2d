// Package keymap names the keys of the terminal. The help is derived from it.
package keymap

import "github.com/charmbracelet/bubbles/key"

// Map is every key outside of dialogs and text fields.
type Map struct {
	Pages, Next, Up, Down, Open, Back key.Binding
	Override, HandBack, Hold, Release key.Binding
	Freeze, Unfreeze, Pause, Resume   key.Binding
	Command, Filter, Help, Quit       key.Binding
}

// New binds the keys.
func New() Map {
	bind := func(help, what string, keys ...string) key.Binding {
		return key.NewBinding(key.WithKeys(keys...), key.WithHelp(help, what))
	}
	return Map{
		Pages:    bind("1-5", "pages", "1", "2", "3", "4", "5"),
		Next:     bind("tab", "next page", "tab"),
		Up:       bind("↑/k", "up", "up", "k"),
		Down:     bind("↓/j", "down", "down", "j"),
		Open:     bind("enter", "open", "enter"),
		Back:     bind("esc", "back", "esc"),
		Override: bind("o", "override", "o"),
		HandBack: bind("b", "hand back", "b"),
		Hold:     bind("h", "hold", "h"),
		Release:  bind("u", "release", "u"),
		Freeze:   bind("f", "freeze", "f"),
		Unfreeze: bind("F", "unfreeze", "F"),
		Pause:    bind("p", "pause the cohort", "p"),
		Resume:   bind("r", "resume the cohort", "r"),
		Command:  bind(":", "command", ":"),
		Filter:   bind("/", "filter", "/"),
		Help:     bind("?", "help", "?"),
		Quit:     bind("q", "quit", "q", "ctrl+c"),
	}
}

// ShortHelp is the line at the bottom.
func (m Map) ShortHelp() []key.Binding {
	return []key.Binding{m.Help, m.Command, m.Override, m.HandBack, m.Hold, m.Release, m.Freeze, m.Quit}
}

// FullHelp is the help page, in columns.
func (m Map) FullHelp() [][]key.Binding {
	return [][]key.Binding{
		{m.Pages, m.Next, m.Up, m.Down, m.Open, m.Back},
		{m.Override, m.HandBack, m.Hold, m.Release, m.Freeze, m.Unfreeze, m.Pause, m.Resume},
		{m.Command, m.Filter, m.Help, m.Quit},
	}
}

// ReadOnly is the map with the keys that change anything switched off.
func (m Map) ReadOnly() Map {
	for _, b := range []*key.Binding{&m.Override, &m.HandBack, &m.Hold, &m.Release, &m.Freeze, &m.Unfreeze, &m.Pause, &m.Resume} {
		b.SetEnabled(false)
	}
	return m
}
