package journal_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/rush/journal"
)

func read(t *testing.T, path string) ([]journal.Entry, error) {
	t.Helper()
	var entries []journal.Entry
	for e, err := range journal.Read(path) {
		if err != nil {
			return entries, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func TestEntriesComeBackInOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	w, err := journal.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	want := []journal.Entry{
		{TimeMS: 1, Event: journal.Ticket, Person: "s1-n0", Cohort: "a", Device: 1, Seq: new(int64(0))},
		{TimeMS: 2, Event: journal.Pass, Person: "s1-n3", PassID: "p", Turn: new(int64(5)), Segment: 2},
		{TimeMS: 3, Event: journal.Booked, Person: "s1-n3", Number: "B-1", Key: "k",
			Doses: []journal.Dose{{Dose: 1, Slot: "s"}, {Dose: 2, Slot: "t"}}},
	}
	for _, e := range want {
		w.Append(e)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := read(t, path)
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v\n%s", err, d)
	}
	if _, err := journal.Create(path); err == nil {
		t.Error("a second run wrote into the first one's journal")
	}
}

func TestConcurrentAppendsKeepLinesWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	w, err := journal.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for person := range 50 {
		wg.Go(func() {
			for range 100 {
				w.Append(journal.Entry{Event: journal.Cancelling, Person: strconv.Itoa(person), Number: strings.Repeat("x", 200)})
			}
		})
	}
	wg.Wait()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := read(t, path); err != nil || len(got) != 5000 {
		t.Errorf("%d entries, %v; want 5000", len(got), err)
	}
}

func TestDamagedJournals(t *testing.T) {
	f := func(text string, entries int, wantErr string) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "journal.jsonl")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := read(t, path)
		if len(got) != entries || (err == nil) != (wantErr == "") {
			t.Errorf("%q: %d entries, %v", text, len(got), err)
		}
		if err != nil && !strings.Contains(err.Error(), wantErr) {
			t.Errorf("%q: %v, want %q", text, err, wantErr)
		}
	}
	whole := `{"time_ms":1,"event":"ticket","person":"s1-n1","seq":0}` + "\n"
	f(whole+whole[:20], 1, "")
	f(whole+"nonsense\n"+whole, 1, "line 2")
	f(`{"event":"ticket","sequence":1}`+"\n", 0, "sequence")
	f("", 0, "")
}
