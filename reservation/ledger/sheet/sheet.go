// Package sheet reads what institutions and registers send, CSV files with a
// header line, and writes the lists that people open in a spreadsheet. Every
// mistake is found in one go and told with file, line and column, because whoever
// has to correct a sheet of 16,000 lines wants to do it once.
package sheet

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// mostErrors are told before a sheet is given up.
const mostErrors = 100

// Error is a mistake in a sheet.
type Error struct {
	File   string
	Line   int
	Column string // empty where the line as a whole is wrong
	Reason string
}

func (e *Error) Error() string {
	if e.Column == "" {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Reason)
	}
	return fmt.Sprintf("%s:%d: %s: %s", e.File, e.Line, e.Column, e.Reason)
}

// row is one line with its mistakes.
type row struct {
	file   string
	line   int
	fields map[string]string
	errs   *[]error
}

func (r row) fail(column, format string, args ...any) {
	*r.errs = append(*r.errs, &Error{r.file, r.line, column, fmt.Sprintf(format, args...)})
}

func (r row) text(column string) string {
	value := r.perhaps(column)
	if value == "" {
		r.fail(column, "is empty")
	}
	return value
}

// perhaps is a text that may be empty. What is spelled in decomposed letters, as
// some spreadsheets do, is the same name, and people search for it in one spelling.
func (r row) perhaps(column string) string {
	value := norm.NFC.String(strings.TrimSpace(r.fields[column]))
	if strings.ContainsFunc(value, unicode.IsControl) {
		r.fail(column, "holds a line break or another character that cannot be printed")
	}
	return value
}

func (r row) number(column string, least, most int64) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(r.fields[column]), 10, 64)
	if err != nil || n < least || n > most {
		r.fail(column, "%q is no number from %d to %d", r.fields[column], least, most)
	}
	return n
}

// read hands the lines of a sheet to each. The header must name the columns, in
// any order; others are ignored. The fields of a row hold until the next one.
func read(file string, in io.Reader, columns []string, each func(row)) error {
	bounded := &lineBound{in: in}
	reader := csv.NewReader(bounded)
	reader.FieldsPerRecord = -1
	reader.ReuseRecord = true
	next := func() ([]string, error) {
		bounded.begin()
		return reader.Read()
	}
	header, err := readHeader(file, next)
	if err != nil {
		return err
	}
	var errs []error
	for _, column := range columns {
		if !slices.Contains(header, column) {
			errs = append(errs, &Error{File: file, Line: 1, Column: column, Reason: "the header does not name this column"})
		}
	}
	headless := len(errs) > 0 // every line would tell the same again
	fields := make(map[string]string, len(header))
	line := 1
	for len(errs) < mostErrors {
		values, err := next()
		if errors.Is(err, io.EOF) {
			return errors.Join(errs...)
		}
		if err != nil {
			return errors.Join(append(errs, unreadable(file, line, err))...)
		}
		line, _ = reader.FieldPos(0)
		if wrong := encodingOf(values); wrong != "" { // on this line as on all others
			return errors.Join(append(errs, &Error{File: file, Line: line, Reason: wrong})...)
		}
		if !slices.ContainsFunc(values, filled) { // as spreadsheets add below the last line
			continue
		}
		if len(values) != len(header) {
			errs = append(errs, &Error{File: file, Line: line, Reason: fmt.Sprintf("has %d fields, the header has %d", len(values), len(header))})
			continue
		}
		if headless {
			continue
		}
		for i, name := range header {
			fields[name] = values[i]
		}
		each(row{file, line, fields, &errs})
	}
	return errors.Join(append(errs, fmt.Errorf("%s: too many mistakes, the rest was not read", file))...)
}

func filled(value string) bool { return strings.TrimSpace(value) != "" }

func readHeader(file string, next func() ([]string, error)) ([]string, error) {
	values, err := next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, &Error{File: file, Line: 1, Reason: "no header line: the file is empty"}
	case errors.Is(err, errLongLine):
		return nil, &Error{File: file, Line: 1, Reason: err.Error()}
	case err != nil:
		return nil, &Error{File: file, Line: 1, Reason: "no header line: " + err.Error()}
	}
	if wrong := encodingOf(values); wrong != "" {
		return nil, &Error{File: file, Line: 1, Reason: wrong}
	}
	switch line := strings.Join(values, ""); {
	case strings.Contains(line, "\r"):
		return nil, &Error{File: file, Line: 1, Reason: `lines end in a lone CR; save the sheet as "CSV UTF-8"`}
	case len(values) == 1 && strings.ContainsAny(line, ";\t"):
		return nil, &Error{File: file, Line: 1, Reason: "no comma; columns are separated by commas, not by semicolons or tabs"}
	}
	header := slices.Clone(values)
	header[0] = strings.TrimPrefix(header[0], "\ufeff") // spreadsheets begin so
	for i := range header {
		header[i] = strings.ToLower(strings.TrimSpace(header[i]))
		if header[i] != "" && slices.Contains(header[:i], header[i]) {
			return nil, &Error{File: file, Line: 1, Column: header[i], Reason: "the header names this column twice"}
		}
	}
	return header, nil
}

// unreadable tells where reading ended, behind the last line read. What follows a
// broken quote is guesswork.
func unreadable(file string, last int, err error) error {
	var wrong *csv.ParseError
	switch {
	case errors.Is(err, errLongLine):
		return &Error{File: file, Line: last, Reason: "what follows is " + err.Error()}
	case errors.As(err, &wrong):
		return &Error{File: file, Line: wrong.StartLine, Reason: wrong.Err.Error()}
	}
	return fmt.Errorf("read %s: %w", file, err)
}
