package rush

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Progress is how far a rush has come.
type Progress struct {
	Counts
	People  int
	Elapsed time.Duration
	// UntilOpen is the time to the opening, negative after it.
	UntilOpen time.Duration
}

// Meter shows progress: a bar redrawn in place on a terminal, a line at a time
// elsewhere.
type Meter struct {
	out      io.Writer
	terminal bool
	last     Progress
}

// NewMeter returns a meter writing to out.
func NewMeter(out io.Writer, terminal bool) *Meter {
	return &Meter{out: out, terminal: terminal}
}

// Show tells p, with the rate of bookings since it was last called.
func (m *Meter) Show(p Progress) {
	rate := 0.0
	if took := (p.Elapsed - m.last.Elapsed).Seconds(); took > 0 {
		rate = float64(p.Bookings-m.last.Bookings) / took
	}
	m.last = p
	line := fmt.Sprintf("%s  people %d/%d  tickets %d  passes %d  bookings %d (%.0f/s)  errors %d",
		opening(p.UntilOpen), p.Arrived, p.People, p.Tickets, p.Passes, p.Bookings, rate, p.Errors)
	if m.terminal {
		fmt.Fprintf(m.out, "\r\x1b[K%s %s", bar(p.Left(), p.People), line)
		return
	}
	fmt.Fprintf(m.out, "%5.0fs %s\n", p.Elapsed.Seconds(), line)
}

// Done ends the line of a bar.
func (m *Meter) Done() {
	if m.terminal {
		fmt.Fprintln(m.out)
	}
}

// bar draws how many of all have come through, in cells of a fixed width.
func bar(through, all int) string {
	const width = 24
	full := width * through / max(all, 1)
	return strings.Repeat("█", full) + strings.Repeat("░", width-full)
}

func opening(until time.Duration) string {
	if until > 0 {
		return "opens in " + until.Truncate(time.Second).String()
	}
	return "open"
}
