package waitingroom_test

import (
	"context"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"sunbeon/reservation/waitingroom"
)

// BenchmarkJoin measures durable joins by 256 concurrent callers.
func BenchmarkJoin(b *testing.B) {
	hall, log := openHall(b, b.TempDir())
	room, err := hall.Define(waitingroom.Cohort{ID: "c", Order: waitingroom.FirstCome, PassMS: 1}, 1)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := room.MovePhase(waitingroom.Lobby, 1); err != nil {
		b.Fatal(err)
	}
	var person atomic.Uint64
	var callers sync.WaitGroup
	for range 256 {
		callers.Go(func() {
			for {
				n := person.Add(1)
				if n > uint64(b.N) {
					return
				}
				ticket, err := room.Join(tagOf(n), 1)
				if err == nil {
					err = log.Wait(context.Background(), ticket.Position)
				}
				if err == nil {
					_, err = log.Receipt(ticket.Position)
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	callers.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "joins/s")
	if err := log.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkRestart fills a line and measures memory a person, disk a person
// and the time to replay. Run it with -benchtime 10000000x for the real size.
func BenchmarkRestart(b *testing.B) {
	dir := b.TempDir()
	fill(b, dir)
	before := heap()
	b.ResetTimer()
	hall, log := openHall(b, dir)
	b.StopTimer()
	room, _ := hall.Room("draw")
	if got := room.Counts(1).Tickets; got != int64(b.N) {
		b.Fatalf("%d tickets came back of %d", got, b.N)
	}
	b.ReportMetric(float64(diskBytes(b, dir))/float64(b.N), "disk-B/person")
	b.ReportMetric((heap()-before)/float64(b.N), "B/person")
	b.ReportMetric(b.Elapsed().Seconds(), "restart-s")
	if err := log.Close(); err != nil {
		b.Fatal(err)
	}
	runtime.KeepAlive(hall)
}

func fill(b *testing.B, dir string) {
	hall, log := openHall(b, dir)
	room, err := hall.Define(drawCohort, 1)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := room.MovePhase(waitingroom.Lobby, 1); err != nil {
		b.Fatal(err)
	}
	for n := range uint64(b.N) {
		ticket, err := room.Join(tagOf(n), 1)
		if err != nil {
			b.Fatal(err)
		}
		if n%4096 == 4095 || n == uint64(b.N)-1 {
			if err := log.Wait(context.Background(), ticket.Position); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := log.Close(); err != nil {
		b.Fatal(err)
	}
}

func diskBytes(tb testing.TB, dir string) (sum int64) {
	tb.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		tb.Fatal(err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			tb.Fatal(err)
		}
		sum += info.Size()
	}
	return sum
}

func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapInuse)
}
