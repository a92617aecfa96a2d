package sheet

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"sunbeon/reservation/ledger"
)

const (
	longestCohort = 128 // bytes
	longestDetail = 500
)

var reasonCode = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// Roster reads a roster, cohort,ci,reason and perhaps detail, and hands each
// line to enrol. A line without a reason says that the person may book; one with
// a reason, a stable code, says why not. Ref turns the identity agency's
// identifier into the name people have in the ledger, so that nothing else of it
// is kept.
//
// A roster may have a million lines and more: they are handed on as they come,
// and what is kept to find a person's second line is 24 bytes each. Mistakes are
// known only at the end, so a caller reads once to check and once to write.
func Roster(f File, ref func(ci string) string, enrol func(ledger.Enrolment) error) error {
	var seen sightings
	var failed error
	err := read(f.Name, f.In, []string{"cohort", "ci", "reason"}, func(r row) {
		before := len(*r.errs)
		e := enrolment(r, ref)
		seen.add(e, r.line)
		if len(*r.errs) == before && failed == nil {
			if failed = enrol(e); failed != nil {
				r.fail("", "%v", failed)
			}
		}
	})
	return errors.Join(err, seen.twice(f.Name))
}

func enrolment(r row, ref func(string) string) ledger.Enrolment {
	e := ledger.Enrolment{
		Cohort: strings.Clone(r.text("cohort")), Reason: strings.TrimSpace(r.fields["reason"]), Detail: strings.TrimSpace(r.fields["detail"]),
	}
	// As the identity check reads it: one person, however the sheet spells them.
	ci := norm.NFKC.String(r.text("ci"))
	if raw, err := base64.StdEncoding.Strict().DecodeString(ci); ci != "" && (err != nil || len(raw) != 64 || len(ci) != 88) {
		r.fail("ci", "is not connecting information, 64 bytes as 88 characters of base64")
	}
	e.Person = ref(ci)
	switch {
	case len(e.Cohort) > longestCohort:
		r.fail("cohort", "is longer than %d bytes", longestCohort)
	case e.Reason != "" && !reasonCode.MatchString(e.Reason):
		r.fail("reason", "%q is no code like already_vaccinated; leave it empty for who may book", e.Reason)
	case e.Reason == "" && e.Detail != "":
		r.fail("detail", "explains a reason, but there is none")
	case len(e.Detail) > longestDetail:
		r.fail("detail", "is longer than %d bytes", longestDetail)
	}
	return e
}

// sightings are the lines each person stood on.
type sightings []sighting

type sighting struct {
	who  [16]byte
	line int64
}

func (s *sightings) add(e ledger.Enrolment, line int) {
	sum := sha256.Sum256([]byte(e.Cohort + "\x00" + e.Person))
	*s = append(*s, sighting{[16]byte(sum[:]), int64(line)})
}

// twice names the lines of whoever has more than one in the same roster.
func (s sightings) twice(file string) error {
	slices.SortFunc(s, func(a, b sighting) int {
		return cmp.Or(bytes.Compare(a.who[:], b.who[:]), cmp.Compare(a.line, b.line))
	})
	var again []sighting
	first := map[int64]int64{} // by line, of those that come again
	for i := 1; i < len(s); i++ {
		if s[i].who != s[i-1].who {
			continue
		}
		again = append(again, s[i])
		first[s[i].line] = cmp.Or(first[s[i-1].line], s[i-1].line)
	}
	slices.SortFunc(again, func(a, b sighting) int { return cmp.Compare(a.line, b.line) })
	var errs []error
	for _, later := range again {
		if len(errs) == mostErrors {
			return errors.Join(append(errs, fmt.Errorf("%s: %d more people stand there twice", file, len(again)-mostErrors))...)
		}
		errs = append(errs, &Error{File: file, Line: int(later.line), Column: "ci",
			Reason: fmt.Sprintf("this person stands on line %d already", first[later.line])})
	}
	return errors.Join(errs...)
}
