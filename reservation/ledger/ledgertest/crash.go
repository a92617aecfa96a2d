package ledgertest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// What the test binary does when it is started again: these hold an address and
// a scene.
const (
	childVariable    = "SUNBEON_LEDGERTEST_CHILD"
	recorderVariable = "SUNBEON_LEDGERTEST_RECORDER"
)

// Main is the TestMain of a package that runs the suite, which starts the test
// binary again as the processes it kills and as those whose answers it compares.
func Main(m *testing.M, open func(ctx context.Context, address string) (ledger.Store, error)) {
	var err error
	if address := os.Getenv(childVariable); address != "" {
		err = bookForEver(address, open)
	} else if order := os.Getenv(recorderVariable); order != "" {
		err = recordCalls(order, open)
	} else {
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// bookForEver is the life of a child: it books for one new person after the
// other over many callers and prints every acknowledged booking.
func bookForEver(address string, open func(ctx context.Context, address string) (ledger.Store, error)) error {
	ctx := context.Background()
	store, err := open(ctx, address)
	if err != nil {
		return err
	}
	w := ledger.NewWriter(store, ledger.WriterConfig{})
	go w.Run(ctx)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for caller := range 32 {
		wg.Go(func() {
			for n := 0; ; n++ {
				r := book(fmt.Sprintf("%d-%d-%d", os.Getpid(), caller, n), "k")
				r.Second = nil
				out, err := w.Submit(ctx, r)
				if err != nil || out.Code != booking.Done {
					fmt.Fprintln(os.Stderr, out, err)
					return
				}
				mu.Lock()
				fmt.Printf("%d %s\n", out.Serial, r.Person) // one write: a line is whole or absent
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return nil
}

// crash kills two writing processes in mid-batch, again and again. What they
// acknowledged must be there, and nothing may be half done.
func crash(t *testing.T, h Harness) {
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
	acknowledged := map[int64]string{}
	for round := range 4 {
		for serial, who := range killedAfter(t, address, time.Duration(150+70*round)*time.Millisecond) {
			if other, twice := acknowledged[serial]; twice {
				t.Errorf("booking %d was given to %s and %s", serial, other, who)
			}
			acknowledged[serial] = who
		}
	}
	if len(acknowledged) == 0 {
		t.Fatal("nothing was acknowledged before the kills")
	}
	// A server may still be committing what a process it lost had sent. The
	// next batch in turn comes after that.
	last := book("last", "k")
	last.Second = nil
	want(t, "booking after the kills", openAt(t, h, address).do(t, last), booking.Done)
	found := map[int64]string{}
	for b, err := range store.Live(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		found[b.Serial] = b.Person
	}
	for serial, who := range acknowledged {
		if found[serial] != who {
			t.Errorf("booking %d of %s was acknowledged and is lost", serial, who)
		}
	}
	sound(t, store, int64(len(found)))
	t.Logf("%d acknowledged, %d committed", len(acknowledged), len(found))
}

// killedAfter runs two children, kills them in the middle of their work and
// returns what they acknowledged.
func killedAfter(t *testing.T, address string, work time.Duration) map[int64]string {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	acknowledged := map[int64]string{}
	for range 2 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childVariable+"="+address)
		var complaint strings.Builder
		child.Stderr = &complaint
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			lines := bufio.NewScanner(out)
			var kill *time.Timer
			for lines.Scan() {
				if kill == nil { // it is at work
					kill = time.AfterFunc(work, func() { child.Process.Kill() })
				}
				var serial int64
				var who string
				if _, err := fmt.Sscan(lines.Text(), &serial, &who); err != nil {
					t.Errorf("child wrote %q", lines.Text())
					continue
				}
				mu.Lock()
				acknowledged[serial] = who
				mu.Unlock()
			}
			if err := child.Wait(); err == nil || kill == nil {
				t.Errorf("child ended by itself: %v %s", err, complaint.String())
			}
		})
	}
	wg.Wait()
	return acknowledged
}
