package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// journal is what callers were told.
type journal struct {
	sync.Mutex
	acknowledged map[int64]string // person by serial
	unknown      []booking.Request
	without      map[string]bool // persons told that nothing happened
}

func (j *journal) size() int {
	j.Lock()
	defer j.Unlock()
	return len(j.acknowledged)
}

func (j *journal) acknowledge(t *testing.T, serial int64, who string) {
	if other, twice := j.acknowledged[serial]; twice && other != who {
		t.Errorf("booking %d was given to %s and %s", serial, other, who)
	}
	j.acknowledged[serial] = who
}

// Outages takes a store's server away in mid-batch, again and again. What was
// acknowledged must be there, what was refused must not, and whoever was told
// that the outcome is unknown finds it out by asking again under the same key.
func Outages(t *testing.T, h Harness, outages ...func(address string)) {
	address := h.Create(t)
	roomy := catalog()
	for i := range roomy.Slots {
		roomy.Slots[i].Capacity = 1_000_000
	}
	store, err := h.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.Seed(t.Context(), roomy); err != nil {
		t.Fatal(err)
	}
	// Little patience, or the writer would wait until the server is back.
	w := ledger.NewWriter(store, ledger.WriterConfig{Patience: 100 * time.Millisecond})
	ctx, stop := context.WithCancel(context.Background())
	written := make(chan struct{})
	go func() { defer close(written); w.Run(ctx) }()

	told := journal{acknowledged: map[int64]string{}, without: map[string]bool{}}
	booked := make(chan struct{})
	var callers sync.WaitGroup
	for caller := range 32 {
		callers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-booked:
					return
				default:
					told.book(t, w, book(fmt.Sprintf("%d-%d", caller, n), "k"))
				}
			}
		})
	}
	for _, outage := range outages {
		atWork(t, &told)
		outage(address)
	}
	atWork(t, &told)
	close(booked)
	callers.Wait()
	stop()
	<-written

	again := openAt(t, h, address)
	for _, r := range told.unknown {
		out := again.do(t, r)
		want(t, "asking again for "+r.Person, out, booking.Done)
		told.acknowledge(t, out.Serial, r.Person)
	}
	var live int64
	for b, err := range again.Live(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		live++
		if told.without[b.Person] {
			t.Errorf("%s was told that nothing happened and has booking %d", b.Person, b.Serial)
		}
		if told.acknowledged[b.Serial] != b.Person {
			t.Errorf("booking %d of %s was never acknowledged to them", b.Serial, b.Person)
		}
	}
	if live != int64(len(told.acknowledged)) {
		t.Errorf("%d bookings acknowledged, %d kept", len(told.acknowledged), live)
	}
	sound(t, again, live)
	t.Logf("%d acknowledged, %d of them unknown at first, %d refused", live, len(told.unknown), len(told.without))
}

// book notes what became of a request.
func (j *journal) book(t *testing.T, w *ledger.Writer, r booking.Request) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := w.Submit(ctx, r)
	j.Lock()
	defer j.Unlock()
	switch {
	case err == nil && out.Code == booking.Done:
		j.acknowledge(t, out.Serial, r.Person)
	case errors.Is(err, ledger.ErrUnknown):
		j.unknown = append(j.unknown, r)
	case errors.Is(err, ledger.ErrUnavailable):
		j.without[r.Person] = true
	default:
		t.Errorf("booking for %s: %+v, %v", r.Person, out, err)
	}
}

// atWork waits until bookings are being acknowledged.
func atWork(t *testing.T, told *journal) {
	t.Helper()
	enough := told.size() + 300
	for deadline := time.Now().Add(time.Minute); told.size() < enough; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing is booked any more")
		}
	}
}
