package sqlite_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"sunbeon/reservation/ledger/sqlite"
)

func TestCheckFindsDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := sqlite.Check(t.Context(), path); err != nil {
		t.Fatalf("a sound ledger: %v", err)
	}
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f := func(name string, from, to int) {
		t.Helper()
		damaged := bytes.Clone(sound)
		for i := from; i < min(to, len(damaged)); i++ {
			damaged[i] ^= 0x5a
		}
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := sqlite.Check(t.Context(), path); !errors.Is(err, sqlite.ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", name, err)
		}
	}
	f("the header", 0, 100)
	f("the schema", 100, 4096)
	f("a page", 4096, 8192)
}
