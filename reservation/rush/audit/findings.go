package audit

import (
	"errors"
	"fmt"
)

// Findings are what an audit counted.
type Findings struct {
	// Bookings is how many people hold a live booking of the cohort.
	Bookings int
	// Acknowledged is how many bookings were acknowledged to clients.
	Acknowledged int
	// Missing is how many of those are neither cancelled nor in the ledger as
	// they were acknowledged.
	Missing int
	// Overbooked is how many slots hold more live doses than their capacity.
	Overbooked int
	// Duplicates is how many people hold two live bookings of a dose or two
	// places in the line, or whose place moved; places given to two people, and
	// passes used by two.
	Duplicates int
	// EarlyPasses is how many passes went to a turn not yet called under the
	// segment they cite, or were booked under without having been issued.
	EarlyPasses int
	// Lost is how many places, passes and cancellations were acknowledged and
	// are not on record.
	Lost int
	// Unsound is how many further broken invariants the ledger itself counts.
	Unsound int

	examples []string
}

// maxExamples is how many cases are told; the rest is only counted.
const maxExamples = 10

func (f *Findings) add(count *int, format string, args ...any) {
	*count++
	if len(f.examples) < maxExamples {
		f.examples = append(f.examples, fmt.Sprintf(format, args...))
	}
}

// Violations is how many broken promises were found.
func (f *Findings) Violations() int {
	return f.Missing + f.Overbooked + f.Duplicates + f.EarlyPasses + f.Lost + f.Unsound
}

// Err names the first violations; it is nil where there are none.
func (f *Findings) Err() error {
	n := f.Violations()
	if n == 0 {
		return nil
	}
	errs := []error{fmt.Errorf("the audit found %d broken promises", n)}
	for _, example := range f.examples {
		errs = append(errs, errors.New("  "+example))
	}
	if more := n - len(f.examples); more > 0 {
		errs = append(errs, fmt.Errorf("  and %d more", more))
	}
	return errors.Join(errs...)
}
