package ledgertest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

func seed(t *testing.T, h Harness) {
	l := start(t, h, 1)[0]
	got, version, err := l.Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Slots) != 6 || len(got.Institutions) != 1 || got.Vaccines[0].IntervalDays != 42 {
		t.Errorf("catalog after seeding: %+v", got)
	}
	want := catalog().Slots[0]
	if diff := cmp.Diff(want, got.Slots[0]); diff != "" {
		t.Errorf("first slot (-want +got):\n%s", diff)
	}
	changed := catalog()
	changed.Slots[0].Capacity = 99
	if err := l.Seed(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	if news, err := l.Supplied(t.Context(), version); err != nil || news.Version != version || news.Added || news.Slots != nil {
		t.Errorf("seeding twice made of the catalog %d: %+v, %v", version, news, err)
	}
	if news, err := l.Supplied(t.Context(), 0); err != nil || news.Version != version || !news.Added {
		t.Errorf("what was seeded: %+v, %v", news, err)
	}
	changed.Vaccines[0].IntervalDays, changed.Institutions[0].Name = 28, "Renamed Clinic"
	if err := l.Seed(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	got, _, err = l.Catalog(t.Context())
	if err != nil || got.Vaccines[0].IntervalDays != 28 || got.Institutions[0].Name != "Renamed Clinic" || got.Slots[0] != want {
		t.Errorf("after a correction: %+v, %v", got, err)
	}
	if news, err := l.Supplied(t.Context(), version); err != nil || news.Version == version || !news.Added {
		t.Errorf("what was corrected: %+v, %v", news, err)
	}
	broken := catalog()
	broken.Slots[0].Institution = 77
	if err := l.Seed(t.Context(), broken); err == nil {
		t.Error("a slot of an unknown institution was accepted")
	}
}

func bookBothDoses(t *testing.T, h Harness) {
	open := start(t, h, 2)
	ann := person(1)
	out := open[0].do(t, book(ann, "k"))
	want(t, "booking", out, booking.Done)
	if diff := cmp.Diff([]booking.SlotID{first, second}, out.Slots); diff != "" {
		t.Errorf("slots (-want +got):\n%s", diff)
	}
	r := book(ann, "k")
	expected := booking.Booking{
		Serial: out.Serial, Person: ann, Cohort: r.Cohort, Pass: r.Pass, Hold: r.Hold, Sealed: r.Sealed,
		Live: true, Slots: out.Slots, MadeMS: r.TimeMS, SinceMS: r.TimeMS,
	}
	other := open[1] // as another process sees it
	got, err := other.Find(t.Context(), out.Serial)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(expected, got); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
	for b, err := range other.Live(t.Context()) {
		if diff := cmp.Diff(expected, b); err != nil || diff != "" {
			t.Errorf("live (-want +got):\n%s %v", diff, err)
		}
	}
	expected.Sealed = nil
	if got, err = other.Latest(t.Context(), ann); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(expected, got); diff != "" {
		t.Errorf("latest (-want +got):\n%s", diff)
	}
	events, err := other.Events(t.Context(), 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(events) != 1 || events[0].Kind != booking.Booked || events[0].Pass != r.Pass || events[0].Serial != out.Serial {
		t.Errorf("outbox: %+v", events)
	}
	counts, point, err := other.Counts(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	free := map[booking.SlotID]int{}
	for _, c := range counts {
		free[c.Slot] = c.Free
	}
	all := map[booking.SlotID]int{
		first: places - 1, first + 1: places, first + 2: places,
		second: places - 1, second + 1: places, second + 2: places,
	}
	if diff := cmp.Diff(all, free); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if counts, _, err := other.Counts(t.Context(), point); err != nil || len(counts) != 0 {
		t.Errorf("nothing changed since, but got %v, %v", counts, err)
	}
	if _, err := other.Latest(t.Context(), person(2)); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("a stranger's booking: %v", err)
	}
	if _, err := other.Find(t.Context(), 99); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("an unknown booking: %v", err)
	}
	want(t, "an unknown slot", other.do(t, booking.Request{
		Kind: booking.Book, Key: "x", Person: person(2), First: 4711, Pass: "p",
	}), booking.NoSlot)
	sound(t, other, 1)
}

func replays(t *testing.T, h Harness) {
	open := start(t, h, 2)
	ann := person(1)
	once := open[0].do(t, book(ann, "k"))
	for _, l := range open {
		again := l.do(t, book(ann, "k"))
		if !again.Replay {
			t.Error("a replay was not marked as one")
		}
		again.Replay = false
		if diff := cmp.Diff(once, again); diff != "" {
			t.Errorf("replay (-first +again):\n%s", diff)
		}
	}
	other := book(ann, "k")
	other.First = first + 1
	want(t, "same key, other request", open[1].do(t, other), booking.KeyReused)

	recorded, err := open[1].Answer(t.Context(), booking.Attempt{Person: ann, Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(once, recorded.Outcome); diff != "" || recorded.Digest != book(ann, "k").Digest() {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	if _, err := open[1].Answer(t.Context(), booking.Attempt{Person: ann, Key: "K"}); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("keys differ in case: %v", err)
	}
	// Two people may choose the same key.
	want(t, "same key, other person", open[0].do(t, book(person(2), "k")), booking.Done)
	sound(t, open[0], 2)
}

func rejectionsAreReplayed(t *testing.T, h Harness) {
	l := start(t, h, 1)[0]
	var serial int64
	for i := range places {
		serial = l.do(t, book(person(i), "k")).Serial
	}
	late := book(person(50), "k")
	out := l.do(t, late)
	want(t, "a full slot", out, booking.SlotTaken)
	if out.Freed != late.Hold {
		t.Errorf("the hold to release is %q, want %q", out.Freed, late.Hold)
	}
	want(t, "cancel", l.do(t, booking.Request{Kind: booking.Cancel, Key: "c", Person: person(places - 1), Serial: serial}), booking.Done)
	want(t, "the old answer", l.do(t, late), booking.SlotTaken)
	late.Key = "new"
	want(t, "a new attempt", l.do(t, late), booking.Done)
	sound(t, l, places)
}

func cancelReturns(t *testing.T, h Harness) {
	l := start(t, h, 1)[0]
	ann := person(1)
	out := l.do(t, book(ann, "k"))
	cancel := booking.Request{Kind: booking.Cancel, Key: "c", Person: ann, Serial: out.Serial}
	foreign := cancel
	foreign.Person = person(2)
	want(t, "cancel by somebody else", l.do(t, foreign), booking.NoBooking)
	gone := l.do(t, cancel)
	want(t, "cancel", gone, booking.Done)
	if gone.Freed != book(ann, "k").Hold {
		t.Errorf("freed %q", gone.Freed)
	}
	sound(t, l, 0)
	counts, _, err := l.Counts(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range counts {
		if c.Free != places {
			t.Errorf("slot %d has %d free after the cancellation", c.Slot, c.Free)
		}
	}
	b, err := l.Latest(t.Context(), ann)
	if err != nil || b.Live || b.Serial != out.Serial {
		t.Errorf("after the cancellation: %+v, %v", b, err)
	}
	second := l.do(t, book(ann, "again"))
	want(t, "booking again", second, booking.Done)
	if second.Serial == out.Serial {
		t.Error("a new booking has the number of the old one")
	}
	events, err := l.Events(t.Context(), 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	var cited int
	for _, e := range events {
		if e.Pass != "" {
			cited++
		}
	}
	if cited != 1 || len(events) != 3 {
		t.Errorf("%d events cite the pass, want 1 of 3: %+v", cited, events)
	}
	sound(t, l, 1)
}
