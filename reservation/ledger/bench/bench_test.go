package bench_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"sunbeon/reservation/ledger/bench"
	"sunbeon/reservation/ledger/postgres/pgserver"
)

const childVariable = "SUNBEON_BENCH_CHILD"

// A measurement starts the test binary again as its writers.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "" {
		os.Exit(m.Run())
	}
	if err := bench.Write(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func TestMeasuresBothStores(t *testing.T) {
	t.Setenv(childVariable, "yes")
	for _, store := range []string{bench.SQLite, bench.Postgres} {
		t.Run(store, func(t *testing.T) {
			report, err := bench.Run(t.Context(), bench.Settings{
				Store: store, Dir: t.TempDir(), Callers: 8, Slots: 100, Rounds: 1, Round: 200 * time.Millisecond, Writers: 2,
				Writer: []string{os.Args[0]},
			})
			if errors.Is(err, pgserver.ErrNotInstalled) && os.Getenv("CI") != "true" {
				t.Skipf("NOT TESTED: %v", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			if report.Bookings <= 0 || report.Baseline <= 0 || report.P99 <= 0 || report.P99 < report.P50 || report.Live == 0 {
				t.Errorf("report %+v", report)
			}
			if got := report.Bookings / report.Baseline; got != report.Ratio {
				t.Errorf("ratio %v of one round is not %v", report.Ratio, got)
			}
		})
	}
}

func TestRefusesWhatCannotBeMeasured(t *testing.T) {
	_, err := bench.Run(t.Context(), bench.Settings{Store: "paper", Callers: 1, Slots: 100, Rounds: 1, Round: 1, Writers: 1, Writer: []string{"x"}})
	if err == nil {
		t.Error("paper was measured")
	}
}
