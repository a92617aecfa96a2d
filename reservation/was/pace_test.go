package was_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/was"
)

type committer struct{}

func (committer) Commit(_ context.Context, gather func() []booking.Request) ([]booking.Outcome, error) {
	return make([]booking.Outcome, len(gather())), nil
}

func TestTransactionsKeepTheirDistance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		ledger := was.Paced(committer{})
		commit := func() {
			out, err := ledger.Commit(t.Context(), func() []booking.Request {
				at = append(at, time.Since(began))
				return make([]booking.Request, 3)
			})
			if len(out) != 3 || err != nil {
				t.Errorf("%d outcomes, %v", len(out), err)
			}
		}
		commit()
		commit() // at once after the first
		time.Sleep(time.Minute)
		commit() // after a quiet while
		if at[0] != 0 || at[1] < time.Millisecond || at[1] > 10*time.Millisecond || at[2] != at[1]+time.Minute {
			t.Errorf("transactions began after %v", at)
		}
	})
}
