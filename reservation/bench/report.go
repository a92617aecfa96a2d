package bench

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Write tells the report to a person.
func (r *Report) Write(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(what, format string, args ...any) {
		fmt.Fprintf(table, "%s\t%s\n", what, fmt.Sprintf(format, args...))
	}
	row("people in line", "%d", r.People)
	row("joins, durable", "%.0f/s, %.2f of the bare handler (%d bytes, %.0f records an fsync)",
		r.Joins, r.JoinsRatio, r.JoinBytes, r.RecordsPerGroup)
	row("polls", "%.0f/s, %.2f of the bare handler (%d bytes)", r.Polls, r.PollsRatio, r.PollBytes)
	row("polls, unchanged", "%.0f/s, %.2f of the bare handler", r.NotModified, r.NotModifiedRatio)
	row("memory a person", "%.1f bytes", r.MemoryBytesPerPerson)
	row("disk a person", "%.1f bytes", r.DiskBytesPerPerson)
	row("restart", "%.2f s", r.RestartS)
	row("draw", "%.3f s; own turn %.1f µs; every turn %.1f s", r.DrawS, r.OwnTurnMicros, r.AllTurnsS)
	row("joins in process", "%.0f/s", r.FillPerS)
	if r.Redis != nil {
		row("usual Redis room", "joins %.2f, polls %.2f of the bare handler, %.0f bytes a person, nothing on disk",
			r.Redis.JoinsRatio, r.Redis.PollsRatio, r.Redis.MemoryBytesPerPerson)
	} else {
		row("usual Redis room", "%s", r.RedisLeftOut)
	}
	return table.Flush()
}
