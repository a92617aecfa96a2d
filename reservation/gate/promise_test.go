package gate

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestWaitErrorsAreMeasuredOutsideTheToldRange(t *testing.T) {
	registry := prometheus.NewRegistry()
	p := newPromises(registry)
	for _, made := range []promise{{10, 1000, 5000}, {20, 1000, 5000}, {30, 20_000, 30_000}, {99, 0, 1}} {
		p.note("a", made)
	}
	p.settle("a", 9, 900)
	p.settle("a", 10, 4000)   // within
	p.settle("a", 20, 9000)   // four seconds late
	p.settle("a", 30, 14_000) // six seconds early
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	histogram := families[0].GetMetric()[0].GetHistogram()
	if histogram.GetSampleCount() != 3 || histogram.GetSampleSum() != 10 {
		t.Errorf("%d waits, %v s off in all", histogram.GetSampleCount(), histogram.GetSampleSum())
	}
	if n := testutil.CollectAndCount(p.errors); n != 1 || len(p.open["a"]) != 1 {
		t.Errorf("%d series, %d promises open", n, len(p.open["a"]))
	}
}

func TestALineWithoutPromisesReadsAsNoneWrong(t *testing.T) {
	p := newPromises(prometheus.NewRegistry())
	p.settle("short", 0, 900)
	if n := testutil.CollectAndCount(p.errors); n != 1 {
		t.Errorf("%d series, want one without observations", n)
	}
}
