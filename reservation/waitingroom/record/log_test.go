package record_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"sunbeon/reservation/waitingroom/record"
)

func TestConcurrentRecordsAreAllDurable(t *testing.T) {
	dir := t.TempDir()
	c := config(dir)
	c.SegmentBytes = 8 << 10
	var groups, records int
	c.Committed = func(n int, _ time.Duration) { groups, records = groups+1, records+n }
	log, _, _ := open(t, c)
	const callers, each = 64, 50
	var wait sync.WaitGroup
	for caller := range callers {
		wait.Go(func() {
			for i := range each {
				r := fmt.Sprintf("%d/%d", caller, i)
				position := log.Append([]byte(r))
				receipt, err := log.Prove(context.Background(), position)
				if err == nil {
					err = receipt.Verify(public)
				}
				if err != nil || string(receipt.Record) != r {
					t.Errorf("receipt of %s: %q, %v", r, receipt.Record, err)
				}
			}
		})
	}
	wait.Wait()
	closeLog(t, log)
	if records != callers*each || groups == records {
		t.Errorf("%d records in %d groups: nothing was gathered", records, groups)
	}
	log, replayed, recovery := open(t, c)
	defer closeLog(t, log)
	slices.Sort(replayed)
	if len(slices.Compact(replayed)) != callers*each || recovery.Groups != uint64(groups) || recovery.LastTimeS != 1_800_000_000 {
		t.Errorf("%d different records came back, %+v", len(replayed), recovery)
	}
}

func TestReceiptsOfOldRecordsAreReadBack(t *testing.T) {
	dir, records := written(t, 20)
	log, _, _ := open(t, config(dir))
	defer closeLog(t, log)
	for position, want := range records {
		receipt, err := log.Receipt(uint64(position))
		if err == nil {
			err = receipt.Verify(public)
		}
		if err != nil || string(receipt.Record) != want {
			t.Errorf("position %d: %q, %v", position, receipt.Record, err)
		}
	}
	found, err := log.Find(3, func(r []byte) bool { return string(r) == records[30] })
	if err != nil || string(found.Record) != records[30] || found.Verify(public) != nil {
		t.Errorf("found %q, %v", found.Record, err)
	}
	if _, err := log.Find(5, func(r []byte) bool { return string(r) == records[0] }); !errors.Is(err, record.ErrNotFound) {
		t.Errorf("record before the search's start: %v", err)
	}
	if old, err := log.Prove(context.Background(), 3); err != nil || string(old.Record) != records[3] {
		t.Errorf("proved %q, %v", old.Record, err)
	}
	if _, err := log.Receipt(uint64(len(records))); !errors.Is(err, record.ErrNotFound) {
		t.Errorf("receipt of nothing: %v", err)
	}
}

func TestReceiptCannotBeBent(t *testing.T) {
	dir, _ := written(t, 6)
	log, _, _ := open(t, config(dir))
	defer closeLog(t, log)
	good, err := log.Receipt(3) // in a group of three
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(good)
	if err != nil {
		t.Fatal(err)
	}
	for name, bend := range map[string]func(*record.Receipt){
		"record":    func(r *record.Receipt) { r.Record[0] ^= 1 },
		"group":     func(r *record.Receipt) { r.Group++ },
		"time":      func(r *record.Receipt) { r.TimeS++ },
		"first":     func(r *record.Receipt) { r.First++ },
		"count":     func(r *record.Receipt) { r.Count++ },
		"index":     func(r *record.Receipt) { r.Index++ },
		"path":      func(r *record.Receipt) { r.Path[0][0] ^= 1 },
		"root":      func(r *record.Receipt) { r.Root[0] ^= 1 },
		"tree":      func(r *record.Receipt) { r.Tree[0] ^= 1 },
		"signature": func(r *record.Receipt) { r.Signature[0] ^= 1 },
		"no root":   func(r *record.Receipt) { r.Root = nil },
	} {
		var bent record.Receipt
		if err := json.Unmarshal(text, &bent); err != nil {
			t.Fatal(err)
		}
		if err := bent.Verify(public); err != nil {
			t.Fatalf("untouched receipt: %v", err)
		}
		bend(&bent)
		if err := bent.Verify(public); err == nil {
			t.Errorf("receipt with another %s verifies", name)
		}
	}
}

func TestReceiptIsWrittenAsJSONWouldBe(t *testing.T) {
	dir, records := written(t, 6)
	log, _, _ := open(t, config(dir))
	defer closeLog(t, log)
	for position := range records {
		receipt, err := log.Receipt(uint64(position))
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(receipt)
		if err != nil {
			t.Fatal(err)
		}
		want = bytes.ReplaceAll(want, []byte("null"), []byte("[]")) // a path of no steps
		if got := receipt.AppendJSON(nil); !bytes.Equal(got, want) {
			t.Errorf("record %d\n got %s\nwant %s", position, got, want)
		}
	}
}

func TestReadWhileItGrows(t *testing.T) {
	dir := t.TempDir()
	log, _, _ := open(t, config(dir))
	for i := range 10 {
		write(t, log, fmt.Sprint(i))
		var got []string
		_, err := record.Read(dir, func(g *record.Group) error {
			for _, r := range g.Records {
				got = append(got, string(r))
			}
			return g.Verify(public)
		})
		if err != nil || len(got) != i+1 {
			t.Fatalf("after %d records read %q, %v", i+1, got, err)
		}
	}
	closeLog(t, log)
}

func TestOneWriterOneKey(t *testing.T) {
	dir, _ := written(t, 1)
	ignore := func(uint64, []byte) error { return nil }
	log, _, _ := open(t, config(dir))
	if _, _, err := record.Open(config(dir), ignore); !errors.Is(err, record.ErrLocked) {
		t.Errorf("second writer: %v", err)
	}
	closeLog(t, log)
	other := config(dir)
	other.Key = ed25519.NewKeyFromSeed(make([]byte, 32))
	if _, _, err := record.Open(other, ignore); !errors.Is(err, record.ErrKey) {
		t.Errorf("another key: %v", err)
	}
	reason := errors.New("reason")
	if _, _, err := record.Open(config(dir), func(uint64, []byte) error { return reason }); !errors.Is(err, reason) {
		t.Errorf("replay's error: %v", err)
	}
}
