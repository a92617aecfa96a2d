package components

import (
	"strings"

	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"

	"sunbeon/tui/styles"
)

// Field is one thing a dialog asks for.
type Field struct {
	Name, Label, Value, Hint string
}

// Answer to a dialog.
type Answer int

// The answers.
const (
	Undecided Answer = iota
	Cancelled
	Confirmed
)

// Dialog asks before a change is made. It shows what the change would do, and
// it is "cancel" that Enter chooses until another button was picked: whoever
// types on in a hurry changes nothing. With the buttons in focus, y confirms.
type Dialog struct {
	Title string
	// Effect says what would happen with the values as typed so far.
	Effect func(values map[string]string) string
	// Do is the word on the button that does it.
	Do string

	fields []Field
	inputs []textinput.Model
	focus  int // a field, then cancel, then do
}

// NewDialog asks for the fields, first things first; without fields to fill it
// starts on "cancel".
func NewDialog(title, do string, effect func(map[string]string) string, fields ...Field) Dialog {
	d := Dialog{Title: title, Do: do, Effect: effect, fields: fields}
	for _, f := range fields {
		input := textinput.New()
		input.Prompt = ""
		input.Placeholder = f.Hint
		input.CharLimit = 200
		input.SetValue(f.Value)
		d.inputs = append(d.inputs, input)
	}
	d.focus = d.cancel()
	for i, f := range fields {
		if f.Value == "" {
			d.focus = i
			break
		}
	}
	d.refocus()
	return d
}

func (d Dialog) cancel() int { return len(d.inputs) }
func (d Dialog) do() int     { return len(d.inputs) + 1 }

// Values are what was typed, by name.
func (d Dialog) Values() map[string]string {
	values := map[string]string{}
	for i, f := range d.fields {
		values[f.Name] = strings.TrimSpace(d.inputs[i].Value())
	}
	return values
}

// Update takes a key.
func (d Dialog) Update(msg tea.KeyMsg) (Dialog, tea.Cmd, Answer) {
	onField := d.focus < len(d.inputs)
	switch name := msg.String(); {
	case name == "esc" || name == "ctrl+c":
		return d, nil, Cancelled
	case name == "tab" || name == "down" || name == "right" && !onField:
		d.focus = (d.focus + 1) % (d.do() + 1)
	case name == "shift+tab" || name == "up" || name == "left" && !onField:
		d.focus = (d.focus + d.do()) % (d.do() + 1)
	case name == "enter" && onField:
		d.focus++
	case name == "enter" && d.focus == d.do(), name == "y" && !onField:
		return d, nil, Confirmed
	case name == "enter", name == "n" && !onField, name == "q" && !onField:
		return d, nil, Cancelled
	case onField:
		var cmd tea.Cmd
		d.inputs[d.focus], cmd = d.inputs[d.focus].Update(msg)
		return d, cmd, Undecided
	}
	d.refocus()
	return d, nil, Undecided
}

func (d *Dialog) refocus() {
	inputs := make([]textinput.Model, len(d.inputs))
	for i, input := range d.inputs {
		if i == d.focus {
			input.Focus()
			input.CursorEnd()
		} else {
			input.Blur()
		}
		inputs[i] = input
	}
	d.inputs = inputs
}

// View draws the dialog into the middle of width by height cells.
func (d Dialog) View(st styles.Styles, width, height int) string {
	inner := min(width-6, 72)
	var lines []string
	lines = append(lines, st.Heading.Render(d.Title), "")
	for i, f := range d.fields {
		mark := "  "
		if i == d.focus {
			mark = "▸ "
		}
		input := d.inputs[i]
		input.Width = max(inner-16, 10)
		lines = append(lines, mark+st.Label.Render(Fit(f.Label, 12))+" "+input.View())
	}
	if len(d.fields) > 0 {
		lines = append(lines, "")
	}
	lines = append(lines, st.Label.Render("What it would do"))
	lines = append(lines, strings.Split(Wrap(d.Effect(d.Values()), inner), "\n")...)
	lines = append(lines, "", d.button(st, "Cancel", d.cancel())+"   "+d.button(st, d.Do, d.do()),
		st.Faint.Render("tab moves · on a button y does it, enter picks · esc cancels"))
	for i, line := range lines {
		lines[i] = Fit(line, inner)
	}
	return lipgloss.Place(width, height, lipgloss.Center, lipgloss.Center, st.Box.Render(strings.Join(lines, "\n")))
}

func (d Dialog) button(st styles.Styles, word string, at int) string {
	if d.focus == at {
		return st.ActiveButton.Render("▸[ " + word + " ]")
	}
	return st.Button.Render(" [ " + word + " ]")
}
