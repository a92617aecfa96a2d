package cli

import (
	"io"
	"unicode"
	"unicode/utf8"
)

// printable writes text that others wrote to a terminal: of its control
// characters only those that end lines and columns arrive, so that nobody's
// title or note moves a cursor, or hides what stands beside it.
type printable struct{ to io.Writer }

// Write implements [io.Writer].
func (w printable) Write(text []byte) (int, error) {
	clean := make([]byte, 0, len(text))
	for rest := text; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			clean = append(clean, ' ')
		} else {
			clean = append(clean, rest[:size]...)
		}
		rest = rest[size:]
	}
	if _, err := w.to.Write(clean); err != nil {
		return 0, err
	}
	return len(text), nil
}
