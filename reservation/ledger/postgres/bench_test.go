package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/postgres"
)

const slots = 8000 // for each dose; popularity Zipf 1.1

// BenchmarkBatches books both doses from 64 callers through a writer.
func BenchmarkBatches(b *testing.B) {
	_, store := prepared(b)
	ctx, stop := context.WithCancel(b.Context())
	w := ledger.NewWriter(store, ledger.WriterConfig{})
	done := make(chan error)
	go func() { done <- w.Run(ctx) }()
	defer func() { stop(); <-done }()
	sealed := make([]byte, 230)
	callers(b, func(first booking.SlotID, person string) error {
		out, err := w.Submit(ctx, booking.Request{
			Kind: booking.Book, Key: "0b0e4a5c-0d5e-4d4e", Person: person, Pass: person[:26], Cohort: "tenth-9", Hold: person,
			First: first, Second: []booking.SlotID{slots + first, slots + first + 1, slots + first + 2, slots + first + 3},
			Sealed: sealed, TimeMS: 1,
		})
		if err == nil && out.Code != booking.Done {
			err = fmt.Errorf("outcome %s", out.Code)
		}
		return err
	})
}

// BenchmarkTextbook does the same on the same tables, one transaction a booking:
// lock the two slots, look, insert, commit.
func BenchmarkTextbook(b *testing.B) {
	for _, conns := range []int32{8, 16, 64} {
		b.Run(fmt.Sprintf("pool=%d", conns), func(b *testing.B) { benchmarkTextbook(b, conns) })
	}
}

func benchmarkTextbook(b *testing.B, conns int32) {
	url, _ := prepared(b)
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		b.Fatal(err)
	}
	cfg.MaxConns = conns
	pool, err := pgxpool.NewWithConfig(b.Context(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	var serial atomic.Int64
	sealed := make([]byte, 230)
	callers(b, func(first booking.SlotID, person string) error {
		return pgx.BeginFunc(b.Context(), pool, func(tx pgx.Tx) error {
			return textbook(b.Context(), tx, serial.Add(1), person, sealed, int64(first), int64(slots+first))
		})
	})
}

func textbook(ctx context.Context, tx pgx.Tx, serial int64, person string, sealed []byte, first, second int64) error {
	for _, slot := range []int64{first, second} {
		var capacity, taken int64
		if err := tx.QueryRow(ctx, `SELECT capacity, taken FROM places WHERE slot = $1 FOR UPDATE`, slot).Scan(&capacity, &taken); err != nil {
			return err
		}
		if taken >= capacity {
			return fmt.Errorf("slot %d is full", slot)
		}
		if _, err := tx.Exec(ctx, `UPDATE places SET taken = taken + 1 WHERE slot = $1`, slot); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `INSERT INTO bookings VALUES ($1, $2, 'tenth-9', $3, $2, $4, true, 1, 1)`, serial, person, person[:26], sealed)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO doses VALUES ($1, 1, $2, $3, true), ($1, 2, $2, $4, true)`, person, serial, first, second); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO answers VALUES ($1, '0b0e4a5c-0d5e-4d4e', 1, 'done', $2, $3, '', 1)`, person, serial, []int64{first, second}); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO outbox (kind, serial, cohort, pass, slots, time_ms) VALUES ('booked', $1, 'tenth-9', $2, $3, 1)`,
		serial, person[:26], []int64{first, second})
	return err
}

func prepared(b *testing.B) (url string, store *postgres.Store) {
	b.Helper()
	url, err := server(b).Create(b.Context(), "ledger")
	if err != nil {
		b.Fatal(err)
	}
	if store, err = postgres.Open(b.Context(), url); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { store.Close() })
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
	return url, store
}

// callers runs book from 64 goroutines, each time for a new person.
func callers(b *testing.B, book func(first booking.SlotID, person string) error) {
	b.Helper()
	var seeds atomic.Uint64
	b.SetParallelism(64 / runtime.GOMAXPROCS(0))
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		rng := rand.New(rand.NewPCG(seeds.Add(1), 1))
		zipf := rand.NewZipf(rng, 1.1, 1, slots-5)
		for pb.Next() {
			person := fmt.Sprintf("%016x%016x", rng.Uint64(), rand.Uint64())
			if err := book(booking.SlotID(1+zipf.Uint64()), person); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "bookings/s")
}
