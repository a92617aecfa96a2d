package dial_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/dial"
	"sunbeon/reservation/ledger/ledgertest"
)

func TestBackupAndRestore(t *testing.T) {
	dir := t.TempDir()
	backupAndRestore(t, "sqlite:"+filepath.Join(dir, "ledger.db"), "sqlite:"+filepath.Join(dir, "restored.db"))
}

func TestBackupAndRestorePostgres(t *testing.T) {
	server := ledgertest.Postgres(t)
	if _, err := exec.LookPath("pg_dump"); err != nil && os.Getenv("CI") != "true" {
		t.Skipf("NOT TESTED: %v", err)
	}
	addresses := make([]string, 2)
	for i := range addresses {
		var err error
		if addresses[i], err = server.Create(t.Context(), fmt.Sprint("ledger", i)); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("what was interrupted", func(t *testing.T) { halfRestored(t, addresses[0], addresses[1]) })
	t.Run("what is whole", func(t *testing.T) { backupAndRestore(t, addresses[0], addresses[1]) })
}

// halfRestored checks that half a backup leaves an empty database empty.
func halfRestored(t *testing.T, address, empty string) {
	store, err := dial.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	backup := filepath.Join(t.TempDir(), "backup")
	if err := dial.Backup(t.Context(), address, backup); err != nil {
		t.Fatal(err)
	}
	whole, err := os.Stat(backup)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(backup, whole.Size()*9/10); err != nil {
		t.Fatal(err)
	}
	if _, err := dial.Restore(t.Context(), backup, empty); err == nil {
		t.Error("the half of a ledger was restored")
	}
	if _, err := dial.OpenReadOnly(t.Context(), empty); !errors.Is(err, dial.ErrNone) {
		t.Errorf("half a ledger is left: %v", err)
	}
}

// What is no ledger, or only the beginning of one, leaves nothing behind that
// looks like a restored ledger and stands in the way of the next attempt.
func TestAFailedRestoreLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	address := "sqlite:" + filepath.Join(dir, "ledger.db")
	store, err := dial.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	backup := filepath.Join(dir, "backup")
	if err := dial.Backup(t.Context(), address, backup); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(dir, "restored")
	if err := os.Mkdir(target, 0o700); err != nil {
		t.Fatal(err)
	}
	restored := "sqlite:" + filepath.Join(target, "ledger.db")
	for what, content := range map[string][]byte{
		"nothing": nil, "no ledger": []byte("never a ledger, but longer than a header of a hundred bytes, so that it is read as one, which it is not"),
		"half of one": whole[:len(whole)/2], "one with a damaged page": append(bytes.Clone(whole[:len(whole)-4096]), make([]byte, 4096)...),
	} {
		if err := os.WriteFile(backup, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := dial.Restore(t.Context(), backup, restored); err == nil {
			t.Errorf("%s: restored", what)
		}
		if left, err := os.ReadDir(target); err != nil || len(left) > 0 {
			t.Errorf("%s leaves %v, %v", what, left, err)
		}
	}
	if err := os.WriteFile(backup, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := dial.Restore(t.Context(), backup, restored); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(target); err != nil || len(left) != 1 {
		t.Errorf("beside the ledger lies %v, %v", left, err)
	}
	if left, err := filepath.Glob(backup + "*"); err != nil || len(left) != 1 {
		t.Errorf("beside the backup lies %v, %v", left, err)
	}
}

// Where a ledger was lost its journal may be left, which SQLite would play back
// into whatever has the ledger's name.
func TestNoRestoreBesideAJournal(t *testing.T) {
	dir := t.TempDir()
	lost := filepath.Join(dir, "ledger.db")
	store, err := dial.Open(t.Context(), "sqlite:"+lost)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	backup := filepath.Join(dir, "backup")
	if err := dial.Backup(t.Context(), "sqlite:"+lost, backup); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(lost); err != nil {
		t.Fatal(err)
	}
	if _, err := dial.Restore(t.Context(), backup, "sqlite:"+lost); err == nil || !strings.Contains(err.Error(), lost+"-wal exists") {
		t.Errorf("restored beside a journal: %v", err)
	}
	if err := os.Remove(lost + "-wal"); err != nil {
		t.Fatal(err)
	}
	if _, err := dial.OpenReadOnly(t.Context(), "sqlite:"+lost); !errors.Is(err, dial.ErrNone) {
		t.Errorf("where there is no ledger yet: %v", err)
	}
	if _, err := dial.Restore(t.Context(), backup, "sqlite:"+lost); err != nil {
		t.Error(err)
	}
}

// backupAndRestore books, backs up, books on, loses everything and restores.
func backupAndRestore(t *testing.T, address, other string) {
	store, err := dial.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	err = store.Seed(t.Context(), ledger.Catalog{
		Vaccines:     []booking.Vaccine{{ID: "mRNA", Doses: 1}},
		Institutions: []booking.Institution{{ID: 1, Name: "Clinic", Province: "Seoul"}},
		Slots:        []booking.Slot{{ID: 1, Institution: 1, Vaccine: "mRNA", Capacity: 100}},
	})
	if err != nil {
		t.Fatal(err)
	}
	saved := book(t, store, "saved", "saved too")
	backup := filepath.Join(t.TempDir(), "backup")
	if err := dial.Backup(t.Context(), address, backup); err != nil {
		t.Fatal(err)
	}
	lost := book(t, store, "lost")
	told := events(t, store)
	if err := dial.Backup(t.Context(), address, backup); err == nil {
		t.Error("a backup was overwritten")
	}
	if _, err := dial.Restore(t.Context(), backup, address); err == nil {
		t.Error("a ledger was overwritten")
	}
	audit, err := dial.Restore(t.Context(), backup, other)
	if err != nil || audit.Live != 2 {
		t.Fatalf("restored %+v, %v", audit, err)
	}
	restored, err := dial.Open(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	defer restored.Close()
	for _, serial := range saved {
		want, _ := store.Find(t.Context(), serial)
		got, err := restored.Find(t.Context(), serial)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("booking %d (-saved +restored):\n%s %v", serial, diff, err)
		}
	}
	if _, err := restored.Find(t.Context(), lost[0]); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("a booking made after the backup: %v", err)
	}
	next := book(t, restored, "next")
	if next[0] <= lost[0] {
		t.Errorf("serial %d was given out again after %d", next[0], lost[0])
	}
	// Receivers tell messages apart by their ids: one sent before the loss must
	// not hide another after it, and none may be about a booking that is gone.
	telling := events(t, restored)
	if len(telling) != len(saved)+len(next) {
		t.Errorf("%d events for %d bookings", len(telling), len(saved)+len(next))
	}
	for _, e := range telling {
		if b, err := restored.Find(t.Context(), e.Serial); err != nil || !b.Live {
			t.Errorf("event %d tells of booking %d: %+v, %v", e.ID, e.Serial, b, err)
		}
		if e.Serial == next[0] && e.ID <= told[len(told)-1].ID {
			t.Errorf("event %d was given out again after %d", e.ID, told[len(told)-1].ID)
		}
	}
	if audit, err := restored.Audit(t.Context()); err != nil || audit.Orphans != 0 || audit.Live != 3 {
		t.Errorf("after booking on: %+v, %v", audit, err)
	}
}

func events(t *testing.T, store ledger.Store) []booking.Event {
	t.Helper()
	list, err := store.Events(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func book(t *testing.T, store ledger.Store, persons ...string) (serials []int64) {
	t.Helper()
	var batch []booking.Request
	for _, p := range persons {
		batch = append(batch, booking.Request{Kind: booking.Book, Key: "k", Person: p, Pass: "pass-" + p, First: 1, Sealed: []byte{1, 0, 2}, TimeMS: 1})
	}
	outcomes, err := store.Commit(t.Context(), func() []booking.Request { return batch })
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range outcomes {
		if o.Code != booking.Done {
			t.Fatalf("outcome %+v", o)
		}
		serials = append(serials, o.Serial)
	}
	return serials
}
