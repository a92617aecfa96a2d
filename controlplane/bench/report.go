package bench

import (
	"slices"
)

// Report is what was measured. Ratios are ours over etcd's: below 1 is faster
// for the latencies and fewer for the writes.
type Report struct {
	P50Ratio    float64 `json:"p50_ratio_to_etcd"`
	P99Ratio    float64 `json:"p99_ratio_to_etcd"`
	WritesRatio float64 `json:"writes_ratio_to_etcd"`
	// FailoverMedianS and FailoverMaxS are from the kill of a leader to the
	// first write acknowledged after it.
	FailoverMedianS float64 `json:"failover_median_s"`
	FailoverMaxS    float64 `json:"failover_max_s"`

	Writes   *Comparison `json:"writes,omitempty"`
	Failover *Failover   `json:"failover,omitempty"`
	Fanout   *Fanout     `json:"watch_fanout,omitempty"`
	Restart  *Restart    `json:"restart,omitempty"`
}

// sum fills in the figures at the top from those below.
func (r *Report) sum() {
	if w := r.Writes; w != nil && len(w.Etcd) > 0 && len(w.Sunbeon) > 0 {
		ratio := func(of func(Latency) float64) float64 { return medianOf(w.Sunbeon, of) / medianOf(w.Etcd, of) }
		r.P50Ratio = ratio(func(l Latency) float64 { return l.P50MS })
		r.P99Ratio = ratio(func(l Latency) float64 { return l.P99MS })
		r.WritesRatio = ratio(func(l Latency) float64 { return l.PerSecond })
	}
	if f := r.Failover; f != nil && len(f.Seconds) > 0 {
		r.FailoverMedianS = medianOf(f.Seconds, func(s float64) float64 { return s })
		r.FailoverMaxS = slices.Max(f.Seconds)
	}
}

// medianOf a list that is not empty.
func medianOf[V any](list []V, of func(V) float64) float64 {
	values := make([]float64, len(list))
	for i, v := range list {
		values[i] = of(v)
	}
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 0 {
		return (values[middle-1] + values[middle]) / 2
	}
	return values[middle]
}
