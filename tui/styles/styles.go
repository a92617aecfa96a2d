// Package styles is how the terminal looks. Colour only repeats what a word or
// a sign says already, so nothing is lost under NO_COLOR or on paper.
package styles

import "github.com/charmbracelet/lipgloss"

// Styles of everything that is drawn.
type Styles struct {
	Brand, Tab, ActiveTab  lipgloss.Style
	Heading, Label, Value  lipgloss.Style
	Faint                  lipgloss.Style
	Good, Warn, Bad        lipgloss.Style
	Selected               lipgloss.Style
	Box                    lipgloss.Style
	Button, ActiveButton   lipgloss.Style
	Axis, Line, SecondLine lipgloss.Style
}

// New makes the styles for light and dark terminals alike.
func New() Styles {
	colour := func(light, dark string) lipgloss.AdaptiveColor {
		return lipgloss.AdaptiveColor{Light: light, Dark: dark}
	}
	ink, faint := colour("235", "252"), colour("242", "245")
	accent, good, warn, bad := colour("25", "117"), colour("28", "114"), colour("130", "221"), colour("124", "210")
	plain := lipgloss.NewStyle()
	return Styles{
		Brand:        plain.Bold(true).Foreground(accent),
		Tab:          plain.Foreground(faint),
		ActiveTab:    plain.Bold(true).Foreground(ink).Underline(true),
		Heading:      plain.Bold(true).Foreground(accent),
		Label:        plain.Foreground(faint),
		Value:        plain.Bold(true).Foreground(ink),
		Faint:        plain.Foreground(faint),
		Good:         plain.Foreground(good),
		Warn:         plain.Bold(true).Foreground(warn),
		Bad:          plain.Bold(true).Foreground(bad),
		Selected:     plain.Bold(true).Foreground(accent),
		Box:          plain.Border(lipgloss.RoundedBorder()).BorderForeground(accent).Padding(0, 1),
		Button:       plain.Foreground(faint),
		ActiveButton: plain.Bold(true).Foreground(accent).Underline(true),
		Axis:         plain.Foreground(faint),
		Line:         plain.Foreground(accent),
		SecondLine:   plain.Foreground(good),
	}
}
