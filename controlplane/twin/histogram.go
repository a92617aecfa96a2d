package twin

import "math"

// histogram of latencies with logarithmic buckets, five per cent apart.
type histogram struct {
	count [bucketCount]float64
	total float64
}

const (
	bucketCount  = 220
	bucketGrowth = 0.05
	smallest     = 0.001
)

func (h *histogram) add(seconds, weight float64) {
	i := 0
	if seconds > smallest {
		i = min(bucketCount-1, int(math.Log(seconds/smallest)/bucketGrowth))
	}
	h.count[i] += weight
	h.total += weight
}

// addSpread adds requests with the given mean service time and a queueing wait;
// service times scatter around their mean as an exponential's quantiles do.
func (h *histogram) addSpread(service, wait, weight float64) {
	h.add(service*0.5+wait, weight*0.5)
	h.add(service*1.2+wait, weight*0.4)
	h.add(service*2.6+wait, weight*0.09)
	h.add(service*4.6+wait, weight*0.01)
}

func (h *histogram) merge(o *histogram) {
	for i, c := range o.count {
		h.count[i] += c
	}
	h.total += o.total
}

// quantile is the upper edge of the bucket that holds it, in seconds.
func (h *histogram) quantile(q float64) float64 {
	sum := 0.0
	for i, c := range h.count {
		sum += c
		if sum >= q*h.total {
			return smallest * math.Exp(float64(i+1)*bucketGrowth)
		}
	}
	return 0
}
