package bench

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Print writes the report as a table.
func (r *Report) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if c := r.Writes; c != nil {
		fmt.Fprintf(t, "writes of %d clients through a follower, median of %d rounds\n", c.Clients, len(c.Sunbeon))
		fmt.Fprintln(t, "\tp50 ms\tp99 ms\twrites/s")
		row := func(name string, rounds []Latency) {
			fmt.Fprintf(t, "%s\t%.2f\t%.2f\t%.0f\n", name,
				medianOf(rounds, func(l Latency) float64 { return l.P50MS }),
				medianOf(rounds, func(l Latency) float64 { return l.P99MS }),
				medianOf(rounds, func(l Latency) float64 { return l.PerSecond }))
		}
		row("sunbeon", c.Sunbeon)
		if len(c.Etcd) > 0 {
			row("etcd", c.Etcd)
			fmt.Fprintf(t, "ratio\t%.2f\t%.2f\t%.2f\n", r.P50Ratio, r.P99Ratio, r.WritesRatio)
		}
	}
	if f := r.Fanout; f != nil {
		fmt.Fprintf(t, "\nchange at %d watchers after p50 %.0f ms, p99 %.0f ms, last %.0f ms\n", f.Watchers, f.P50MS, f.P99MS, f.MaxMS)
		fmt.Fprintf(t, "leader's processor: %.1f %% without them, %.1f %% with them\n", 100*f.LeaderCPU, 100*f.LeaderCPUWatched)
	}
	if f := r.Failover; f != nil {
		fmt.Fprintf(t, "\n%d leaders killed: writes went on after %.2f s (median), %.2f s at most; the admission rate rose %d times\n",
			f.Kills, r.FailoverMedianS, r.FailoverMaxS, f.RateRises)
	}
	if s := r.Restart; s != nil {
		fmt.Fprintf(t, "\nfull plan of %.1f MB: snapshot in %.2f s, restart in %.2f s\n", float64(s.Bytes)/1e6, s.SnapshotS, s.RestartS)
	}
	return t.Flush()
}
