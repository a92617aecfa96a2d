package legacy_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/upstream/legacy"
)

func reservation(key string, doses int) legacy.Reservation {
	return legacy.Reservation{Key: key, Institution: "seoul-1", Vaccine: "mRNA-1273", Date: "2021-08-23", Doses: doses}
}

func openWarehouse(t *testing.T, path string, perShelf int) *legacy.Warehouse {
	t.Helper()
	w, err := legacy.OpenWarehouse(path, perShelf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func TestReservationsAreIdempotentByKey(t *testing.T) {
	w := openWarehouse(t, "", 0)
	f := func(r legacy.Reservation, wantCreated bool, wantErr error) {
		t.Helper()
		if created, err := w.Reserve(r); created != wantCreated || !errors.Is(err, wantErr) {
			t.Errorf("reserve %+v: %v, %v; want %v, %v", r, created, err, wantCreated, wantErr)
		}
	}
	f(reservation("a", 2), true, nil)
	f(reservation("a", 2), false, nil)
	f(reservation("a", 1), false, legacy.ErrKeyReused)
	if err := errors.Join(w.Release("a"), w.Release("a")); err != nil {
		t.Fatal(err)
	}
	f(reservation("a", 2), false, legacy.ErrReleased)
	// A release may overtake the reservation it gives back.
	if err := w.Release("b"); err != nil {
		t.Fatal(err)
	}
	f(reservation("b", 2), false, legacy.ErrReleased)
	if got := w.Inventory(); got.Reservations != 0 || got.Doses != 0 || len(got.Holdings) != 0 {
		t.Errorf("inventory %+v, want nothing", got)
	}
}

func TestRaceForTheLastDoses(t *testing.T) {
	w := openWarehouse(t, "", 10)
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for n := range 100 {
		wg.Go(func() {
			created, err := w.Reserve(reservation(fmt.Sprint(n), 2))
			if err != nil && !errors.Is(err, legacy.ErrNoStock) {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if created {
				won++
			}
		})
	}
	wg.Wait()
	if won != 5 || w.Inventory().Doses != 10 {
		t.Errorf("%d reservations of %d doses, want 5 of 10", won, w.Inventory().Doses)
	}
}

func TestReservationsOutliveARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stock.log")
	before := openWarehouse(t, path, 0)
	for n := range 3 {
		if _, err := before.Reserve(reservation(fmt.Sprint(n), n+1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := before.Release("1"); err != nil {
		t.Fatal(err)
	}
	want := before.Inventory()
	before.Close()

	// Death in the middle of a write leaves half a line.
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	file.WriteString(`{"key":"half","inst`)
	file.Close()

	after := openWarehouse(t, path, 0)
	if diff := cmp.Diff(want, after.Inventory()); diff != "" {
		t.Errorf("inventory after restart (-before +after):\n%s", diff)
	}
	if _, err := after.Reserve(reservation("1", 2)); !errors.Is(err, legacy.ErrReleased) {
		t.Errorf("a released key was reserved again: %v", err)
	}
	if created, err := after.Reserve(reservation("half", 1)); !created || err != nil {
		t.Errorf("reserve after half a line: %v, %v", created, err)
	}
	after.Close()
	if _, found := openWarehouse(t, path, 0).Lookup("half"); !found {
		t.Error("a reservation made after half a line is gone")
	}
}

func TestCorruptLogIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stock.log")
	if err := os.WriteFile(path, []byte("{\"key\":\"a\"}\nnonsense\n{\"key\":\"b\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := legacy.OpenWarehouse(path, 0); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v, want an error naming line 2", err)
	}
}
