package record

import (
	"context"
	"crypto/ed25519"
	"errors"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// disk stands in for the file: it takes its time, and can be full.
type disk struct {
	syncTime time.Duration
	full     error
	writes   int
}

func (d *disk) Write(b []byte) (int, error) {
	d.writes++
	if d.full != nil {
		return len(b) / 2, d.full
	}
	return len(b), nil
}

func (d *disk) Sync() error {
	time.Sleep(d.syncTime)
	return nil
}

func (d *disk) Close() error { return nil }

// onDisk opens a log and takes the file from under it.
func onDisk(t *testing.T, d *disk) *Log {
	t.Helper()
	log, _, err := Open(Config{
		Dir: t.TempDir(), Key: ed25519.NewKeyFromSeed(make([]byte, 32)), Now: time.Now,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := log.file.Close(); err != nil {
		t.Fatal(err)
	}
	log.file = d
	return log
}

// What arrives while a group is synced becomes the next group: two syncs for
// a thousand callers.
func TestGroupsGatherDuringTheSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{syncTime: 10 * time.Millisecond}
		log := onDisk(t, d)
		began := time.Now()
		waited := make(chan error)
		go func() { waited <- log.Wait(context.Background(), log.Append([]byte("first"))) }()
		synctest.Wait() // the first group is being synced
		for range 1000 {
			go func() { waited <- log.Wait(context.Background(), log.Append([]byte("more"))) }()
		}
		synctest.Wait()
		if log.durable.Load() != 0 {
			t.Error("acknowledged before the sync")
		}
		for range 1001 {
			if err := <-waited; err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(began); d.writes != 2 || took != 20*time.Millisecond {
			t.Errorf("%d writes in %v, want 2 in 20ms", d.writes, took)
		}
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A record nobody waits for costs no sync of its own where another comes soon,
// and is on disk after the lull where none does.
func TestWhatNobodyWaitsForRidesAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{syncTime: time.Millisecond}
		log := onDisk(t, d)
		for range 10 {
			log.Append([]byte("unhurried"))
			time.Sleep(lull / 20)
		}
		if err := log.Wait(context.Background(), log.Append([]byte("hurried"))); err != nil {
			t.Error(err)
		}
		if durable := log.durable.Load(); durable != 11 || d.writes != 1 {
			t.Errorf("%d records in %d writes, want 11 in 1", durable, d.writes)
		}
		log.Append([]byte("alone"))
		time.Sleep(lull + 2*d.syncTime)
		if durable := log.durable.Load(); durable != 12 {
			t.Errorf("%d records on disk after the lull, want 12", durable)
		}
		log.Append([]byte("last"))
		if err := log.Close(); err != nil {
			t.Error(err)
		}
		if durable := log.durable.Load(); durable != 13 {
			t.Errorf("%d records on disk at the end, want 13", durable)
		}
	})
}

// Groups of a few keep their distance, a crowd does not wait, and nobody does
// after a quiet while.
func TestSmallGroupsKeepTheirDistance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{syncTime: time.Millisecond}
		log := onDisk(t, d)
		began := time.Now()
		wait := func(records int, want time.Duration) {
			t.Helper()
			var waiting sync.WaitGroup
			for range records {
				waiting.Go(func() {
					if err := log.Wait(context.Background(), log.Append([]byte("record"))); err != nil {
						t.Error(err)
					}
				})
			}
			waiting.Wait()
			if at := time.Since(began); at != want {
				t.Errorf("%d records are on disk after %v, want %v", records, at, want)
			}
		}
		wait(1, d.syncTime)
		wait(2, apart+d.syncTime)
		wait(crowd, apart+2*d.syncTime)
		time.Sleep(apart)
		wait(1, 2*apart+3*d.syncTime)
		if d.writes != 4 {
			t.Errorf("%d groups, want 4", d.writes)
		}
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := onDisk(t, &disk{syncTime: time.Hour})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := log.Wait(ctx, log.Append([]byte("slow"))); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("wait for a slow disk: %v", err)
		}
		if _, err := log.Prove(ctx, log.Append([]byte("slow"))); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("proof from a slow disk: %v", err)
		}
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestFullDiskEndsTheLog(t *testing.T) {
	log := onDisk(t, &disk{full: syscall.ENOSPC})
	for range 2 {
		if err := log.Wait(context.Background(), log.Append([]byte("no room"))); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("record on a full disk: %v", err)
		}
		if _, err := log.Prove(context.Background(), log.Append([]byte("no room"))); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("receipt of what a full disk did not take: %v", err)
		}
		<-log.Failed()
	}
	if err := log.Err(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("log ended with %v", err)
	}
	if err := log.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("close: %v", err)
	}
}
