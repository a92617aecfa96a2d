package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// source is a store's catalog and counts.
type source struct {
	catalog  ledger.Catalog
	version  int64
	supplied []booking.Slot
	counts   []ledger.Count
	point    int64
	since    int64 // the last question
	err      error
}

func (s *source) Catalog(context.Context) (ledger.Catalog, int64, error) {
	return s.catalog, s.version, s.err
}

func (s *source) Supplied(_ context.Context, since int64) (ledger.Supply, error) {
	switch {
	case since == s.version:
		return ledger.Supply{Version: since}, s.err
	case s.supplied != nil:
		return ledger.Supply{Version: s.version, Slots: s.supplied}, s.err
	}
	return ledger.Supply{Version: s.version, Added: true}, s.err
}

func (s *source) Counts(_ context.Context, since int64) ([]ledger.Count, int64, error) {
	s.since = since
	if since == s.point {
		return nil, s.point, s.err
	}
	return s.counts, s.point, s.err
}

// town has n institutions in two districts; institution i has slots i*100+1 to
// i*100+3 and, six weeks later, +51 to +53.
func town(t *testing.T, n int) *source {
	t.Helper()
	day, err := booking.ParseMoment("2021-08-26", "09:00")
	if err != nil {
		t.Fatal(err)
	}
	c := ledger.Catalog{Vaccines: []booking.Vaccine{{ID: "mRNA", Doses: 2, IntervalDays: 42}}}
	for i := 1; i <= n; i++ {
		district := "Mapo-gu"
		if i > n/2 {
			district = "Guro-gu"
		}
		at := booking.InstitutionID(i)
		c.Institutions = append(c.Institutions, booking.Institution{
			ID: at, Name: fmt.Sprintf("Clinic %02d", i), Province: "Seoul", District: district,
		})
		for k := 1; k <= 3; k++ {
			start := day + booking.Moment(30*k)
			c.Slots = append(c.Slots,
				booking.Slot{ID: booking.SlotID(i*100 + k), Institution: at, Start: start, Vaccine: "mRNA", Capacity: 10},
				booking.Slot{ID: booking.SlotID(i*100 + 50 + k), Institution: at, Start: start.AddDays(42), Vaccine: "mRNA", Capacity: 10})
		}
	}
	return &source{catalog: c, version: 1}
}

func snapshot(t *testing.T, s *source) *ledger.Availability {
	t.Helper()
	a := ledger.NewAvailability(s)
	refresh(t, a)
	return a
}

func refresh(t *testing.T, a *ledger.Availability) {
	t.Helper()
	if err := a.Refresh(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
}

func slot(t *testing.T, a *ledger.Availability, id booking.SlotID) booking.Offer {
	t.Helper()
	o, ok := a.Slot(id)
	if !ok {
		t.Fatalf("slot %s is gone", id)
	}
	return o
}

func ids(offers []booking.Offer) (list []booking.SlotID) {
	for _, o := range offers {
		list = append(list, o.Slot.ID)
	}
	return list
}

func vacant(list []ledger.Vacancy) (slots []booking.SlotID) {
	for _, v := range list {
		slots = append(slots, v.ID)
	}
	return slots
}

func TestAnEmptySnapshotAnswersNothing(t *testing.T) {
	a := ledger.NewAvailability(&source{})
	if err := a.Refresh(t.Context(), time.Now()); !errors.Is(err, ledger.ErrEmpty) {
		t.Errorf("an empty store: %v", err)
	}
	if _, err := a.Age(time.Now()); !errors.Is(err, ledger.ErrEmpty) {
		t.Errorf("age: %v", err)
	}
	if p, _ := a.Places(ledger.PlaceQuery{Limit: 10}); p != nil {
		t.Errorf("institutions: %v", p)
	}
	if _, _, ok := a.Slots(1, "", 0, 10); ok {
		t.Error("there is no institution yet")
	}
	if o := a.Alternatives(1, 3); o != nil {
		t.Errorf("alternatives: %v", o)
	}
	if s, _ := a.SecondDose(1); s != nil {
		t.Errorf("second dose: %v", s)
	}
}

func TestPagesCoverEachInstitutionOnce(t *testing.T) {
	a := snapshot(t, town(t, 7))
	var names []string
	q := ledger.PlaceQuery{Province: "Seoul", Limit: 3}
	for {
		page, next := a.Places(q)
		for _, p := range page {
			names = append(names, p.Name)
			if p.Free != 30 {
				t.Errorf("%s has %d free, want the 30 a course can begin in", p.Name, p.Free)
			}
		}
		if next == 0 {
			break
		}
		q.After = next
	}
	// Guro-gu (4 to 7) comes before Mapo-gu (1 to 3).
	want := []string{"Clinic 04", "Clinic 05", "Clinic 06", "Clinic 07", "Clinic 01", "Clinic 02", "Clinic 03"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("institutions (-want +got):\n%s", diff)
	}
	if page, _ := a.Places(ledger.PlaceQuery{District: "Guro-gu", Text: "CLINIC 05", Limit: 9}); len(page) != 1 {
		t.Errorf("search by name: %v", page)
	}
	if page, next := a.Places(ledger.PlaceQuery{After: 4711, Limit: 9}); page != nil || next != 0 {
		t.Errorf("an unknown cursor: %v", page)
	}
}

func TestCountsFollowTheStore(t *testing.T) {
	s := town(t, 2)
	a := snapshot(t, s)
	s.counts, s.point = []ledger.Count{{Slot: 101, Free: 0}, {Slot: 102, Free: 4}, {Slot: 151, Free: 0}}, 7
	refresh(t, a)
	slots, _, _ := a.Slots(1, "", 0, 10)
	if diff := cmp.Diff([]booking.SlotID{102, 103}, vacant(slots)); diff != "" || slots[0].Free != 4 {
		t.Errorf("free slots (-want +got):\n%s", diff)
	}
	second, _ := a.SecondDose(101)
	if diff := cmp.Diff([]booking.SlotID{152, 153}, second); diff != "" {
		t.Errorf("second doses (-want +got):\n%s", diff)
	}
	s.counts, s.point = []ledger.Count{{Slot: 102, Free: 0}, {Slot: 103, Free: 0}}, 9
	refresh(t, a)
	if s.since != 7 {
		t.Errorf("asked for changes since %d, want 7", s.since)
	}
	if page, _ := a.Places(ledger.PlaceQuery{Limit: 10}); len(page) != 1 || page[0].ID != 2 {
		t.Errorf("a full institution is listed: %v", page)
	}
	if page, _ := a.Places(ledger.PlaceQuery{Text: "clinic 01", Limit: 10}); len(page) != 1 || page[0].Free != 0 {
		t.Errorf("a full institution is not found by its name: %v", page)
	}
	// Places changed from outside leave the other counts alone.
	wide := s.catalog.Slots[0]
	wide.Capacity = 20
	s.version, s.supplied, s.counts, s.point = 2, []booking.Slot{wide}, []ledger.Count{{Slot: wide.ID, Free: 11}}, 11
	refresh(t, a)
	if diff := cmp.Diff(booking.Offer{Slot: wide, Institution: s.catalog.Institutions[0], Free: 11}, slot(t, a, wide.ID)); diff != "" || s.since != 9 {
		t.Errorf("after a change of places, asked since %d (-want +got):\n%s", s.since, diff)
	}
	// What is given up of a withdrawn slot is nobody's.
	wide.WithdrawnMS = 77
	s.version, s.supplied, s.counts, s.point = 3, []booking.Slot{wide}, []ledger.Count{{Slot: wide.ID, Free: 2}}, 12
	refresh(t, a)
	if at, ok := a.At(wide.Institution, wide.Vaccine, wide.Start); !ok || at != wide {
		t.Errorf("the slot at its time: %+v", at)
	}
	if o := slot(t, a, wide.ID); o.Free != 0 {
		t.Errorf("a withdrawn slot: %+v", o)
	}
	if o := slot(t, a, 102); o.Free != 0 {
		t.Errorf("another slot after a change of places: %+v", o)
	}
	// A new import starts the counts over.
	s.version, s.supplied, s.counts = 4, nil, []ledger.Count{{Slot: 101, Free: 1}}
	refresh(t, a)
	if o, ok := a.Slot(101); !ok || o.Free != 1 || s.since != 0 {
		t.Errorf("after an import: %+v, asked since %d", o, s.since)
	}
	s.err = errors.New("boom")
	if err := a.Refresh(t.Context(), time.Now()); !errors.Is(err, s.err) {
		t.Errorf("refresh: %v", err)
	}
	if o, _ := a.Slot(101); o.Free != 1 {
		t.Error("a failed refresh changed the snapshot")
	}
}

func TestAlternativesComeFromNearby(t *testing.T) {
	s := town(t, 9)
	s.counts, s.point = []ledger.Count{{Slot: 201, Free: 0}, {Slot: 202, Free: 0}}, 1
	a := snapshot(t, s)
	// Only 203 is left at home; the neighbours in the district follow, the
	// same hour first.
	if diff := cmp.Diff([]booking.SlotID{203, 101, 301, 401}, ids(a.Alternatives(201, 4))); diff != "" {
		t.Errorf("alternatives (-want +got):\n%s", diff)
	}
	if o := a.Alternatives(4711, 3); o != nil {
		t.Errorf("for an unknown slot: %v", o)
	}
}

// A time whose second dose is full everywhere is no alternative: people would be
// sent from one dead end to the next.
func TestAlternativesCanBeBookedAsAWhole(t *testing.T) {
	s := town(t, 3)
	s.counts, s.point = []ledger.Count{{Slot: 201}, {Slot: 251}, {Slot: 252}, {Slot: 253}}, 1
	a := snapshot(t, s)
	if diff := cmp.Diff([]booking.SlotID{301, 302, 303, 101}, ids(a.Alternatives(201, 4))); diff != "" {
		t.Errorf("alternatives (-want +got):\n%s", diff)
	}
	if second, _ := a.SecondDose(202, 252, 202); !cmp.Equal([]booking.SlotID{252}, second) {
		t.Errorf("who has 252 may have it again after 202, not %v", second)
	}
}

func TestWhereThereIsNoVaccineNothingIsOffered(t *testing.T) {
	a := snapshot(t, town(t, 3))
	a.SoldOut(201)
	a.SoldOut(4711)
	a.Full(202) // for no shorter
	refresh(t, a)
	refresh(t, a)
	if diff := cmp.Diff([]booking.SlotID{301, 302, 303}, ids(a.Alternatives(201, 3))); diff != "" {
		t.Errorf("alternatives (-want +got):\n%s", diff)
	}
	for range 40 {
		refresh(t, a)
	}
	if o := slot(t, a, 202); o.Free == 0 {
		t.Error("it passes for sold out for ever")
	}
}

func TestSlotPages(t *testing.T) {
	a := snapshot(t, town(t, 1))
	page, next, _ := a.Slots(1, "2021-08-26", 0, 2)
	if len(page) != 2 || next != 102 {
		t.Fatalf("first page: %v, next %d", page, next)
	}
	page, next, _ = a.Slots(1, "2021-08-26", next, 2)
	if diff := cmp.Diff([]booking.SlotID{103}, vacant(page)); diff != "" || next != 0 {
		t.Errorf("second page (-want +got):\n%s next %d", diff, next)
	}
	if page, _, ok := a.Slots(1, "2021-08-27", 0, 9); len(page) != 0 || !ok {
		t.Errorf("a day without slots: %v", page)
	}
	a = snapshot(t, town(t, 2))
	for _, of := range []struct {
		id    booking.InstitutionID
		after booking.SlotID
	}{{1, 201}, {1, 251}, {2, 101}, {2, 151}} {
		if page, next, ok := a.Slots(of.id, "", of.after, 2); !ok || next == 0 && len(page) > 0 {
			t.Errorf("behind a slot of another institution, %d: %v", of.after, page)
		}
	}
}

func TestCatalogValidate(t *testing.T) {
	f := func(what string, breakIt func(*ledger.Catalog)) {
		t.Helper()
		c := town(t, 1).catalog
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		breakIt(&c)
		if c.Validate() == nil {
			t.Errorf("accepted: %s", what)
		}
	}
	f("slot of an unknown institution", func(c *ledger.Catalog) { c.Slots[0].Institution = 9 })
	f("slot of an unknown vaccine", func(c *ledger.Catalog) { c.Slots[0].Vaccine = "?" })
	f("negative capacity", func(c *ledger.Catalog) { c.Slots[0].Capacity = -1 })
	f("slot 0", func(c *ledger.Catalog) { c.Slots[0].ID = 0 })
	f("nameless institution", func(c *ledger.Catalog) { c.Institutions[0].Name = "" })
	f("three doses", func(c *ledger.Catalog) { c.Vaccines[0].Doses = 3 })
	f("no interval", func(c *ledger.Catalog) { c.Vaccines[0].IntervalDays = 0 })
	f("negative slack", func(c *ledger.Catalog) { c.Vaccines[0].SlackDays = -1 })
}

func TestASlotTheLedgerFoundTakenIsNotOfferedUntilTheCountsKnow(t *testing.T) {
	a := ledger.NewAvailability(town(t, 1))
	offered := func() bool {
		offers, _, _ := a.Slots(1, "", 0, 10)
		listed := false
		for _, o := range offers {
			listed = listed || o.Slot.ID == 101
		}
		if o, _ := a.Slot(101); listed != (o.Free > 0) {
			t.Errorf("listed %v with %d places", listed, o.Free)
		}
		return listed
	}
	refresh := func() {
		if err := a.Refresh(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	a.Full(101) // nothing is known yet
	refresh()
	if !offered() {
		t.Fatal("the slot is free and not offered")
	}
	a.Full(101)
	a.Full(999) // there is no such slot
	// A refresh that was under way may have counted before the ledger did.
	for _, want := range []bool{false, false, true} {
		if got := offered(); got != want {
			t.Errorf("offered %v, want %v", got, want)
		}
		refresh()
	}
}
