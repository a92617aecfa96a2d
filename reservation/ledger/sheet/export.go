package sheet

import (
	"encoding/csv"
	"io"
	"strings"
)

// Writer writes a list that people will open in a spreadsheet.
type Writer struct{ csv *csv.Writer }

// NewWriter writes to out; [Writer.Flush] tells whether all of it went well.
func NewWriter(out io.Writer) *Writer { return &Writer{csv.NewWriter(out)} }

// Write adds a line.
func (w *Writer) Write(fields ...string) {
	safe := make([]string, len(fields))
	for i, field := range fields {
		safe[i] = inert(field)
	}
	w.csv.Write(safe) // Flush reports its error
}

// Flush ends the list.
func (w *Writer) Flush() error {
	w.csv.Flush()
	return w.csv.Error()
}

// inert keeps a spreadsheet from running a field as a formula: people choose
// their names. The apostrophe is the spreadsheets' own sign for text.
func inert(field string) string {
	if trimmed := strings.TrimLeft(field, " \u00a0"); trimmed != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(trimmed)[0]) {
		return "'" + field
	}
	return field
}
