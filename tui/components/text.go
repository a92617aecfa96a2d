package components

import (
	"fmt"
	"math"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"
)

// Fit makes a line exactly width cells wide; what does not fit ends in "…".
func Fit(line string, width int) string {
	if width <= 0 {
		return ""
	}
	line = ansi.Truncate(line, width, "…")
	return line + strings.Repeat(" ", max(0, width-lipgloss.Width(line)))
}

// Block makes text exactly height lines of width cells.
func Block(text string, width, height int) string {
	lines := strings.Split(text, "\n")
	if len(lines) > height {
		lines = lines[:max(height, 0)]
	}
	for i, line := range lines {
		lines[i] = Fit(line, width)
	}
	for len(lines) < height {
		lines = append(lines, Fit("", width))
	}
	return strings.Join(lines, "\n")
}

// Wrap breaks text at words into lines of at most width cells.
func Wrap(text string, width int) string { return ansi.Wrap(text, max(width, 1), "") }

// short writes a chart's label in at most four cells.
func short(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%.1fM", v/1e6)
	case v >= 1e4:
		return fmt.Sprintf("%.0fk", v/1e3)
	case v >= 1e3:
		return fmt.Sprintf("%.1fk", v/1e3)
	case v >= 10 || v == math.Trunc(v):
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.1f", v)
}

// ceiling is the next round number, so that an axis does not tremble with its
// data.
func ceiling(v float64) float64 {
	step := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 1.5, 2, 3, 5, 7.5, 10} {
		if v <= m*step {
			return m * step
		}
	}
	return v
}
