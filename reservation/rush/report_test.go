package rush_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/rush"
	"sunbeon/reservation/rush/audit"
)

// written is the report as a program reads it, and as people do.
func written(t *testing.T, r rush.Report) (map[string]any, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.json")
	if err := r.Write(path); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var document map[string]any
	if err := json.Unmarshal(raw, &document); err != nil {
		t.Fatal(err)
	}
	var words strings.Builder
	r.Summarize(&words)
	return document, words.String()
}

var guarantees = []string{"bookings", "missing", "overbooked", "duplicates", "early_passes", "lost", "unsound"}

func TestReportTellsWhatWasFound(t *testing.T) {
	load := rush.Load{
		Counts: rush.Counts{Arrived: 9, Tickets: 8, Bookings: 6, Failed: 1}, People: 10,
		Duration: 5 * time.Second, Open: 3 * time.Second,
		FailedBy: map[string]int{"internal": 1},
		Latency:  map[string]rush.Latency{"POST /v1/ticket": {P50: 1, P95: 2, P99: 3, Count: 9}},
	}
	found := &audit.Findings{Bookings: 5, Acknowledged: 6, Missing: 1, EarlyPasses: 2}
	document, words := written(t, rush.NewReport(load, found, nil))
	for key, want := range map[string]any{
		"people": 10.0, "tickets": 8.0, "bookings": 5.0, "acknowledged": 6.0, "missing": 1.0, "overbooked": 0.0,
		"early_passes": 2.0, "failed": 1.0, "bookings_per_s": 2.0, "duration_s": 5.0, "audited": true,
	} {
		if d := cmp.Diff(want, document[key]); d != "" {
			t.Errorf("%s (-want +got):\n%s", key, d)
		}
	}
	for _, want := range []string{"missing 1", "early passes 2", "1 internal", "POST /v1/ticket"} {
		if !strings.Contains(words, want) {
			t.Errorf("summary does not tell %q:\n%s", want, words)
		}
	}
}

// No audit must not read like a clean one.
func TestReportWithoutAuditHasNoZeros(t *testing.T) {
	document, words := written(t, rush.NewReport(rush.Load{}, nil, errors.New("the ledger is elsewhere")))
	for _, key := range guarantees {
		if value, ok := document[key]; !ok || value != nil {
			t.Errorf("%s is %v, want null", key, value)
		}
	}
	if document["audited"] != false || !strings.Contains(words, "none: the ledger is elsewhere") {
		t.Errorf("audited %v; summary:\n%s", document["audited"], words)
	}
}
