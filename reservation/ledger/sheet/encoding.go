package sheet

import (
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/korean"
)

// encodingOf says what is wrong with the encoding of a line, nothing if it is
// UTF-8. Korean spreadsheets save CSV as CP949 unless told otherwise, and names
// read so would be mangled beyond repair.
func encodingOf(values []string) string {
	line := strings.Join(values, ",")
	switch {
	case strings.HasPrefix(line, "\xff\xfe") || strings.HasPrefix(line, "\xfe\xff") || strings.ContainsRune(line, 0):
		return `is UTF-16, not UTF-8; save the sheet as "CSV UTF-8"`
	case utf8.ValidString(line):
		return ""
	}
	if text, err := korean.EUCKR.NewDecoder().String(line); err == nil && !strings.ContainsRune(text, utf8.RuneError) {
		return `is CP949 (EUC-KR), not UTF-8; save the sheet as "CSV UTF-8"`
	}
	return `is not UTF-8; save the sheet as "CSV UTF-8"`
}

// longestLine bounds a record in bytes: a quote that is never closed must not
// bring a whole file into memory.
const longestLine = 64 << 10

var errLongLine = errors.New("longer than 64 KiB; a quote may not be closed")

// lineBound fails when more is read for one record than a record may be. The
// reader above reads ahead, so records up to the bound always fit.
type lineBound struct {
	in   io.Reader
	left int
}

func (b *lineBound) begin() { b.left = longestLine }

func (b *lineBound) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLongLine
	}
	n, err := b.in.Read(p)
	b.left -= n
	return n, err
}
