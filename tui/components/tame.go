package components

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Tame is a screen of which the terminal is told characters, colours and ends of
// lines, and nothing else. Names, reasons and notes are written by many people;
// none of them may move a cursor, or set a window's title or clipboard, on the
// terminal of whoever reads them. What is left out has no width, so that nothing
// moves.
func Tame(screen string) string {
	var out strings.Builder
	out.Grow(len(screen))
	for state := byte(0); len(screen) > 0; {
		part, _, n, next := ansi.DecodeSequence(screen, state, nil)
		first, _ := utf8.DecodeRuneInString(part)
		if !unicode.IsControl(first) || part == "\n" || ansi.HasCsiPrefix(part) && strings.HasSuffix(part, "m") {
			out.WriteString(part)
		}
		screen, state = screen[n:], next
	}
	return out.String()
}
