package booking

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Person is the personal data kept with a booking. It is sealed before it
// reaches a store and is never logged.
type Person struct {
	Name  string `json:"name"`
	Birth string `json:"birth"` // YYYY-MM-DD
	Phone string `json:"phone"`
	CI    string `json:"ci"` // the identity agency's stable identifier
}

// longestName leaves room for the longest names in passports of foreign
// residents, which fill the two 39-character fields of the machine-readable
// zone several times over once written out.
const longestName = 200

// Printable is a name as it can be written down: without characters that cannot
// be seen, with single spaces, and no longer than [Person.Validate] allows.
func Printable(name string) string {
	name = strings.Join(strings.FieldsFunc(name, func(r rune) bool {
		return r == utf8.RuneError || unicode.IsSpace(r) || unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp)
	}), " ")
	if runes := []rune(name); len(runes) > longestName {
		return strings.TrimRight(string(runes[:longestName]), " ")
	}
	return name
}

// Validate reports the first field that cannot be right.
func (p Person) Validate() error {
	if n := utf8.RuneCountInString(p.Name); n == 0 || n > longestName {
		return invalid("name must have 1 to 200 characters")
	}
	for _, r := range p.Name {
		if r == utf8.RuneError || unicode.IsControl(r) {
			return invalid("name holds a character that cannot be printed")
		}
	}
	if _, err := time.Parse(time.DateOnly, p.Birth); err != nil {
		return invalid("birth must be a date like 1990-02-28")
	}
	if p.CI == "" {
		return invalid("the identity identifier is missing")
	}
	return nil
}
