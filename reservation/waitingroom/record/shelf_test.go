package record

import (
	"crypto/ed25519"
	"errors"
	"os"
	"testing"
	"time"
)

// The same old group asked for again and again is read once; many are not
// kept; and a crowd that asks for them is told to ask again.
func TestReadingBackIsBounded(t *testing.T) {
	config := Config{Dir: t.TempDir(), Key: ed25519.NewKeyFromSeed(make([]byte, 32)), Now: time.Now}
	log, _, err := Open(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	const groups, each = 4, maxGroupRecords/2 + 1
	for range groups {
		last := uint64(0)
		for range each {
			last = log.Append([]byte("a record"))
		}
		if err := log.Wait(t.Context(), last); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if log, _, err = Open(config, func(uint64, []byte) error { return nil }); err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	for position := uint64(0); position < groups*each; position += 1000 {
		if _, err := log.Receipt(position); err != nil {
			t.Fatal(err)
		}
	}
	if log.shelf.records > recentRecords {
		t.Errorf("%d records are kept", log.shelf.records)
	}
	if err := os.Remove(segmentPath(config.Dir, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := log.Receipt(groups*each - 1); err != nil {
		t.Errorf("the group read last is read again: %v", err)
	}
	if _, err := log.Receipt(0); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a group read long ago is still kept: %v", err)
	}
	log.shelf.waiting.Store(shelfQueue)
	if _, err := log.Receipt(0); !errors.Is(err, ErrBusy) {
		t.Errorf("behind %d others: %v", shelfQueue, err)
	}
}
