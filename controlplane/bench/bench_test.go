package bench

import (
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/serving"
)

func TestQuantileIsTheNearestRank(t *testing.T) {
	hundred := make([]int, 100)
	for i := range hundred {
		hundred[i] = i + 1
	}
	f := func(list []int, q float64, want int) {
		t.Helper()
		if got := quantile(list, q); got != want {
			t.Errorf("quantile %v of %d values = %d, want %d", q, len(list), got, want)
		}
	}
	f(hundred, 0.50, 51)
	f(hundred, 0.99, 100)
	f(hundred, 1, 100)
	f([]int{7}, 0.5, 7)
	f(nil, 0.5, 0)
}

func TestRatiosAreOfMedians(t *testing.T) {
	r := Report{
		Writes: &Comparison{
			Sunbeon: []Latency{{1, 9, 100}, {2, 30, 300}, {3, 10, 200}},
			Etcd:    []Latency{{4, 20, 100}, {4, 20, 100}, {90, 20, 900}},
		},
		Failover: &Failover{Seconds: []float64{3, 1, 2, 1}},
	}
	r.sum()
	if r.P50Ratio != 0.5 || r.P99Ratio != 0.5 || r.WritesRatio != 2 {
		t.Errorf("ratios %v %v %v", r.P50Ratio, r.P99Ratio, r.WritesRatio)
	}
	if r.FailoverMedianS != 1.5 || r.FailoverMaxS != 3 {
		t.Errorf("failover %v, at most %v", r.FailoverMedianS, r.FailoverMaxS)
	}
}

func TestRateThatRoseIsFound(t *testing.T) {
	w := &rateWatch{}
	see := func(number, rate int64) {
		p, err := plan.New().With(uint64(number), plan.Changes(plan.New(), &plan.Plan{
			Index: uint64(number),
			Segments: map[string]plan.Segments{opened: {
				Revision: plan.Revision{Index: uint64(number)},
				Current:  serving.Segment{Number: number, RateMilli: rate},
			}},
		})...)
		if err != nil {
			t.Fatal(err)
		}
		w.take(client.View{Plan: p})
	}
	see(1, 10_000)
	w.mark()
	see(2, 10_000)
	see(3, 2_000)
	see(4, 9_000) // up, but not above what was in force
	if w.rose() {
		t.Error("a rate that fell and came back counts as risen")
	}
	see(3, 50_000) // told late by another node, already compared
	see(5, 10_001)
	if !w.rose() {
		t.Error("a higher rate went unnoticed")
	}
}

func TestFieldOfAMessage(t *testing.T) {
	m := protowire.AppendTag(nil, 1, protowire.BytesType)
	m = protowire.AppendBytes(m, []byte("head"))
	m = protowire.AppendTag(m, 4, protowire.VarintType)
	m = protowire.AppendVarint(m, 1<<40)
	if content, _ := field(m, 1); string(content) != "head" {
		t.Errorf("field 1 = %q", content)
	}
	if _, value := field(m, 4); value != 1<<40 {
		t.Errorf("field 4 = %d", value)
	}
	if content, value := field(m[:3], 4); content != nil || value != 0 {
		t.Errorf("field of a torn message: %q %d", content, value)
	}
}

func TestCrowdFindsWhatIsMissingOrOutOfOrder(t *testing.T) {
	began := time.Now()
	sent := map[uint64]time.Time{5: began, 9: began}
	f := func(name string, indexes []uint64, want bool) {
		t.Helper()
		k := &crowd{arrivals: make([][]arrival, 1)}
		for _, index := range indexes {
			k.arrivals[0] = append(k.arrivals[0], arrival{index, began.Add(time.Millisecond)})
		}
		if _, err := k.took(sent); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	f("all, among others", []uint64{4, 5, 7, 9}, true)
	f("one missing", []uint64{5, 7}, false)
	f("out of order", []uint64{9, 5}, false)
	f("twice", []uint64{5, 5, 9}, false)
}
