package sqlite_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/sqlite"
)

// The work of a rush: 64 callers, 16,000 slots, popularity Zipf 1.1, both
// doses. Compare batches with one commit a booking.
func BenchmarkBook(b *testing.B) {
	for _, size := range []int{1, 512} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) { benchmarkBook(b, size) })
	}
}

func benchmarkBook(b *testing.B, size int) {
	store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "ledger.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	const slots = 8000
	c := ledger.Catalog{
		Vaccines:     []booking.Vaccine{{ID: "mRNA", Doses: 2, IntervalDays: 42}},
		Institutions: []booking.Institution{{ID: 1, Name: "Clinic", Province: "Seoul"}},
	}
	for i := range booking.SlotID(2 * slots) {
		c.Slots = append(c.Slots, booking.Slot{ID: i + 1, Institution: 1, Vaccine: "mRNA", Capacity: 1 << 30})
	}
	if err := store.Seed(b.Context(), c); err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	w := ledger.NewWriter(store, ledger.WriterConfig{MaxBatch: size})
	done := make(chan error)
	go func() { done <- w.Run(ctx) }()
	defer func() { stop(); <-done }()

	var person atomic.Int64
	sealed := make([]byte, 230)
	b.SetParallelism(64 / runtime.GOMAXPROCS(0))
	b.ResetTimer()
	before := processorTime(b)
	b.RunParallel(func(pb *testing.PB) {
		n := person.Add(1)
		zipf := rand.NewZipf(rand.New(rand.NewPCG(uint64(n), 1)), 1.1, 1, slots-5)
		for pb.Next() {
			first := booking.SlotID(1 + zipf.Uint64())
			ref := fmt.Sprintf("%032x", rand.Uint64())
			out, err := w.Submit(ctx, booking.Request{
				Kind: booking.Book, Key: "0b0e4a5c-0d5e-4d4e", Person: ref, Pass: ref[:26], Cohort: "tenth-9", Hold: ref,
				First: first, Second: []booking.SlotID{slots + first, slots + first + 1, slots + first + 2, slots + first + 3},
				Sealed: sealed, TimeMS: 1,
			})
			if err != nil || out.Code != booking.Done {
				b.Error(out, err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "bookings/s")
	b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

// processorTime is what this process has used: it means something even on a
// machine that others keep busy.
func processorTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
