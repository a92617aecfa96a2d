package outbox

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// The first refusal must be an increase, or nobody is told of it.
func TestOutcomesAreCountedFromZero(t *testing.T) {
	m := NewMetrics(prometheus.NewRegistry())
	m.backlog("confirmations", nil, time.Now())
	if n := testutil.CollectAndCount(m.total); n != 3 {
		t.Errorf("%d outcomes before anything was delivered, want 3", n)
	}
	m.delivered("confirmations", ErrRefused)
	if n := testutil.ToFloat64(m.total.WithLabelValues("confirmations", refused)); n != 1 {
		t.Errorf("%g refused, want 1", n)
	}
}
