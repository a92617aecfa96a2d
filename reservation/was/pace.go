package was

import (
	"context"
	"time"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// transactionsApart is the least time from the beginning of one transaction of
// the ledger to the next. A transaction costs the same fsync however many
// bookings share it, and a fast disk would take them nearly one by one. Nobody
// feels a hundredth of a second on their booking.
const transactionsApart = 10 * time.Millisecond

// Paced returns a ledger whose transactions keep their distance. What comes
// meanwhile gathers for the next; after a quiet while nobody waits.
func Paced(to ledger.Committer) ledger.Committer { return &paced{to: to} }

// paced is used by one writer, which commits one batch at a time.
type paced struct {
	to    ledger.Committer
	began time.Time
}

func (p *paced) Commit(ctx context.Context, gather func() []booking.Request) ([]booking.Outcome, error) {
	time.Sleep(transactionsApart - time.Since(p.began))
	p.began = time.Now()
	return p.to.Commit(ctx, gather)
}
