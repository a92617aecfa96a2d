package record_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sunbeon/reservation/waitingroom/record"
)

var key = ed25519.NewKeyFromSeed([]byte("a seed of exactly 32 bytes......"))

var public = key.Public().(ed25519.PublicKey)

func config(dir string) record.Config {
	return record.Config{Dir: dir, Key: key, Now: func() time.Time { return time.Unix(1_800_000_000, 0) }}
}

// open returns a log and the records it replayed.
func open(t testing.TB, c record.Config) (*record.Log, []string, record.Recovery) {
	t.Helper()
	var replayed []string
	log, recovery, err := record.Open(c, func(position uint64, r []byte) error {
		if position != uint64(len(replayed)) {
			return fmt.Errorf("position %d after %d records", position, len(replayed))
		}
		replayed = append(replayed, string(r))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return log, replayed, recovery
}

func write(t testing.TB, log *record.Log, r string) uint64 {
	t.Helper()
	position := log.Append([]byte(r))
	if err := log.Wait(context.Background(), position); err != nil {
		t.Fatal(err)
	}
	return position
}

func closeLog(t testing.TB, log *record.Log) {
	t.Helper()
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}

// written returns a directory with a log of groups groups, of one to three
// records each, and the records.
func written(t testing.TB, groups int) (dir string, records []string) {
	t.Helper()
	dir = t.TempDir()
	log, _, _ := open(t, config(dir))
	for g := range groups {
		var last uint64
		for i := range 1 + g%3 {
			r := fmt.Sprintf("record %d of group %d", i, g)
			records = append(records, r)
			last = log.Append([]byte(r))
		}
		if err := log.Wait(context.Background(), last); err != nil {
			t.Fatal(err)
		}
	}
	closeLog(t, log)
	return dir, records
}

// onlySegment returns the one segment file of a directory.
func onlySegment(t testing.TB, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil || len(files) != 1 {
		t.Fatalf("segments %v, %v", files, err)
	}
	return files[0]
}

func put(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func get(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
