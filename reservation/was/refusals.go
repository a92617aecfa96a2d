package was

import (
	"context"
	"log/slog"
	"time"

	"sunbeon/reservation/ledger"
)

// refusals puts on record, behind the answer, who was told that they may not
// book, so that they are invited back when the rule or the register is corrected.
// One transaction takes all of a moment: a wrong rule refuses thousands.
type refusals struct {
	records Records
	logger  *slog.Logger
	queue   chan ledger.Refusal
}

const (
	refusalsEvery  = 500 * time.Millisecond
	refusalsAtOnce = 1000
	refusalsWithin = 2 * time.Second
)

func newRefusals(records Records, logger *slog.Logger) *refusals {
	return &refusals{records: records, logger: logger, queue: make(chan ledger.Refusal, 16*refusalsAtOnce)}
}

func (q *refusals) add(r ledger.Refusal) {
	select {
	case q.queue <- r:
	default:
		q.logger.Error("refusal not on record", "cohort", r.Cohort, "error", "queue is full")
	}
}

// run writes until ctx ends and then what is left.
func (q *refusals) run(ctx context.Context) {
	tick := time.NewTicker(refusalsEvery)
	defer tick.Stop()
	var list []ledger.Refusal
	for {
		select {
		case r := <-q.queue:
			if list = append(list, r); len(list) < refusalsAtOnce {
				continue
			}
		case <-tick.C:
		case <-ctx.Done():
			for len(q.queue) > 0 {
				list = append(list, <-q.queue)
			}
			q.write(ctx, list)
			return
		}
		list = q.write(ctx, list)
	}
}

// write returns what is still to be written.
func (q *refusals) write(ctx context.Context, list []ledger.Refusal) []ledger.Refusal {
	if len(list) == 0 {
		return list
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refusalsWithin)
	defer cancel()
	err := q.records.Refused(ctx, list)
	if err == nil {
		return list[:0]
	}
	q.logger.Warn("refusals not on record yet", "people", len(list), "error", err)
	return list[max(0, len(list)-cap(q.queue)):] // the oldest go first: they are the likeliest to have come again
}
