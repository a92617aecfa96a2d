package rush_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/rush"
	"sunbeon/reservation/rush/population"
)

var firstDay = time.Date(2021, 8, 26, 20, 0, 0, 0, time.UTC)

// firstDoses sums, by province, the capacity of slots for which the domain's
// own rule finds a second dose at the same place.
func firstDoses(t *testing.T, s ledger.Catalog) map[string]int {
	t.Helper()
	provinces := map[booking.InstitutionID]string{}
	for _, at := range s.Institutions {
		provinces[at.ID] = at.Province
	}
	vaccines := map[string]booking.Vaccine{}
	for _, v := range s.Vaccines {
		if err := v.Validate(); err != nil {
			t.Fatal(err)
		}
		vaccines[v.ID] = v
	}
	at := map[booking.InstitutionID][]booking.Slot{}
	for _, slot := range s.Slots {
		at[slot.Institution] = append(at[slot.Institution], slot)
	}
	doses := map[string]int{}
	for _, slot := range s.Slots {
		seconds := slices.Collect(booking.SecondDose(slot, vaccines[slot.Vaccine], at[slot.Institution]))
		if len(seconds) == 0 {
			continue
		}
		if want := slot.Start.AddDays(42); seconds[0].Start != want {
			t.Fatalf("second dose of %s %s on %s, not six weeks later at the same hour", slot.Start.Date(), slot.Start.Clock(), seconds[0].Start.Date())
		}
		doses[provinces[slot.Institution]] += slot.Capacity
	}
	return doses
}

func TestWorldServesEveryProvince(t *testing.T) {
	f := func(people, institutions int) {
		t.Helper()
		s := rush.World(rush.Demand{People: people, Seed: 1, FirstDay: firstDay})
		if d := len(s.Institutions) - institutions; d < -17 || d > 17 {
			t.Errorf("%d people: %d institutions, want about %d", people, len(s.Institutions), institutions)
		}
		doses, country := firstDoses(t, s), 0
		for _, p := range population.Provinces() {
			country += p.People
		}
		for _, p := range population.Provinces() {
			demand := float64(people) * float64(p.People) / float64(country)
			low, high := demand*1.15, demand*1.15+2*math.Sqrt(demand)+10
			if got := float64(doses[p.Name]); got < low || got > high {
				t.Errorf("%d people: %s has %.0f first doses, want %.0f to %.0f", people, p.Name, got, low, high)
			}
		}
	}
	f(100, 17)
	f(8_000, 20)
	f(200_000, 208)
}

func TestWorldKeepsSlotsApart(t *testing.T) {
	s := rush.World(rush.Demand{People: 20_000, Seed: 9, FirstDay: firstDay})
	type place struct {
		at    booking.InstitutionID
		start booking.Moment
	}
	seen, ids := map[place]bool{}, map[booking.SlotID]bool{}
	for _, slot := range s.Slots {
		key := place{slot.Institution, slot.Start}
		if seen[key] || ids[slot.ID] {
			t.Fatalf("institution %d has two slots at %s %s, or id %d stands twice", slot.Institution, slot.Start.Date(), slot.Start.Clock(), slot.ID)
		}
		seen[key], ids[slot.ID] = true, true
		day, err := time.Parse(time.DateOnly, slot.Start.Date())
		if err != nil || day.Weekday() == time.Sunday {
			t.Fatalf("slot on %s, a Sunday (%v)", slot.Start.Date(), err)
		}
	}
}

func TestWorldIsFixedBySeedAndFollowsRatio(t *testing.T) {
	d := rush.Demand{People: 5_000, Seed: 4, FirstDay: firstDay}
	if diff := cmp.Diff(rush.World(d), rush.World(d)); diff != "" {
		t.Error(diff)
	}
	scarce := d
	scarce.Ratio = 0.5
	if n, all := len(rush.World(scarce).Slots), len(rush.World(d).Slots); n >= all*2/3 {
		t.Errorf("half the ratio still makes %d of %d slots", n, all)
	}
}
