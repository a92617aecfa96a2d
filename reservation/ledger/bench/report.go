package bench

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Print tells the report to a person.
func (r *Report) Print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(what, format string, args ...any) {
		fmt.Fprintf(table, "%s\t%s\n", what, fmt.Sprintf(format, args...))
	}
	row("store", "%s, %d callers, %d slots", r.Store, r.Callers, r.Slots)
	row("ledger", "%.0f durable two-dose bookings a second, %.0f µs of this process's CPU each", r.Bookings, r.CPUMicros)
	if r.BaselinePool > 0 {
		row("SELECT … FOR UPDATE", "%.0f a second over %d connections", r.Baseline, r.BaselinePool)
	} else {
		row("one commit each", "%.0f a second, %.0f µs of CPU each", r.Baseline, r.BaselineCPUMicros)
	}
	row("ratio", "%.1f", r.Ratio)
	row("latency", "p50 %.1f ms, p99 %.1f ms at %.0f a second from %d processes", r.P50, r.P99, r.LatencyRate, r.Writers)
	row("afterwards", "%d live bookings, no invariant broken", r.Live)
	return table.Flush()
}
