package rush

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// Summarize prints the report for people.
func (r Report) Summarize(out io.Writer) {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(t, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	row("people", "%d of %d arrived in %.0f s", r.Arrived, r.People, r.DurationS)
	row("line", "%d tickets, %d passes", r.Tickets, r.Passes)
	row("bookings", "%d acknowledged, %.0f a second since the opening", r.Acknowledged, r.BookingsPerS)
	row("ended", "%d booked, %d cancelled, %d gave up, %d under way", r.Booked, r.Cancelled, r.GivenUp, r.UnderWay)
	row("refused", "%s", byCode(r.Refused))
	row("failed", "%s", byCode(r.FailedByCode))
	row("asked to wait", "%s", byCode(r.Holds))
	row("errors met", "%s", byCode(r.Errors))
	if r.Audited {
		row("audit", "%d hold a booking; missing %d, overbooked %d, duplicates %d, early passes %d, lost %d, unsound %d",
			*r.Bookings, *r.Missing, *r.Overbooked, *r.Duplicates, *r.EarlyPasses, *r.Lost, *r.Unsound)
	} else {
		row("audit", "none: %s", r.NotAudited)
	}
	fmt.Fprintln(t)
	fmt.Fprintf(t, "latency, ms\tp50\tp95\tp99\tcount\n")
	for _, route := range slices.Sorted(maps.Keys(r.LatencyMS)) {
		l := r.LatencyMS[route]
		fmt.Fprintf(t, "%s\t%.1f\t%.1f\t%.1f\t%d\n", route, l.P50, l.P95, l.P99, l.Count)
	}
	t.Flush()
}

func byCode(counts map[string]int) string {
	if len(counts) == 0 {
		return "none"
	}
	parts := make([]string, 0, len(counts))
	for _, code := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d %s", counts[code], code))
	}
	return strings.Join(parts, ", ")
}
