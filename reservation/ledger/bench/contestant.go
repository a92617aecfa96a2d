package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/dial"
)

// contestant books one wish durably at a time for any number of callers.
type contestant struct {
	book   func(context.Context, wish) error
	resize func(connections int) // of its pool, between rounds
	close  func()
}

// contestants opens the ledger and the yardstick, each in a database of its own
// with the same tables and the same slots.
func (m *measurement) contestants(ctx context.Context, create func(name string) (string, error)) (ours, theirs contestant, err error) {
	if m.address, err = create("ledger"); err != nil {
		return ours, theirs, err
	}
	baseline, err := create("baseline")
	if err != nil {
		return ours, theirs, err
	}
	for _, address := range []string{m.address, baseline} {
		if err := furnish(ctx, address, m.Slots); err != nil {
			return ours, theirs, err
		}
	}
	if ours, err = openLedger(ctx, m.address); err != nil {
		return ours, theirs, err
	}
	if path, ok := strings.CutPrefix(baseline, "sqlite:"); ok {
		theirs, err = oneCommitEach(ctx, path)
	} else {
		theirs, err = textbook(ctx, baseline)
	}
	if err != nil {
		ours.close()
	}
	return ours, theirs, err
}

// furnish makes the tables and the slots; nobody is ever refused.
func furnish(ctx context.Context, address string, slots int) error {
	c := ledger.Catalog{
		Vaccines:     []booking.Vaccine{{ID: "mRNA", Doses: 2, IntervalDays: 42}},
		Institutions: []booking.Institution{{ID: 1, Name: "Clinic", Province: "Seoul"}},
	}
	for i := range slots {
		c.Slots = append(c.Slots, booking.Slot{ID: booking.SlotID(1 + i), Institution: 1, Vaccine: "mRNA", Capacity: 1 << 30})
	}
	store, err := dial.Open(ctx, address)
	if err != nil {
		return err
	}
	defer store.Close()
	return store.Seed(ctx, c)
}

func openLedger(ctx context.Context, address string) (contestant, error) {
	store, err := dial.Open(ctx, address)
	if err != nil {
		return contestant{}, err
	}
	w := ledger.NewWriter(store, ledger.WriterConfig{})
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() { defer close(done); w.Run(running) }()
	return contestant{
		book:  func(ctx context.Context, p wish) error { return submit(ctx, w, p) },
		close: func() { stop(); <-done; store.Close() },
	}, nil
}

// busyPause is how long a caller waits who was told that the queue is full.
const busyPause = 5 * time.Millisecond

// submit asks again where the queue is full: such a caller's latency goes on.
func submit(ctx context.Context, w *ledger.Writer, p wish) error {
	for {
		out, err := w.Submit(ctx, booking.Request{
			Kind: booking.Book, Key: p.key, Person: p.person, First: p.first, Second: p.second,
			Cohort: "tenth-9", Pass: p.person[:26], Hold: p.person, Sealed: p.sealed, TimeMS: p.timeMS,
		})
		if errors.Is(err, ledger.ErrBusy) {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(busyPause):
				continue
			}
		}
		if err == nil && out.Code != booking.Done {
			err = fmt.Errorf("outcome %s", out.Code)
		}
		return err
	}
}

func (m *measurement) audit(ctx context.Context) error {
	store, err := dial.OpenReadOnly(ctx, m.address)
	if err != nil {
		return err
	}
	defer store.Close()
	a, err := store.Audit(ctx)
	if err != nil {
		return err
	}
	for invariant, n := range a.Violations() {
		if n != 0 {
			return fmt.Errorf("the ledger is not sound: %d × %s", n, invariant)
		}
	}
	m.report.Live = a.Live
	return nil
}
