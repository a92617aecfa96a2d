package booking_test

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/booking"
)

func moment(t *testing.T, date, clock string) booking.Moment {
	t.Helper()
	m, err := booking.ParseMoment(date, clock)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMomentKeepsTheHourOverSixWeeks(t *testing.T) {
	m := moment(t, "2021-02-26", "09:30").AddDays(42)
	if got := m.Date() + " " + m.Clock(); got != "2021-04-09 09:30" {
		t.Errorf("six weeks later is %s", got)
	}
	for _, bad := range [][2]string{{"2021-02-30", "09:30"}, {"2021-02-28", "24:01"}, {"", ""}} {
		if _, err := booking.ParseMoment(bad[0], bad[1]); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestSecondDose(t *testing.T) {
	vaccine := booking.Vaccine{ID: "mRNA", Doses: 2, IntervalDays: 42, SlackDays: 2}
	at := func(id booking.SlotID, date, clock string) booking.Slot {
		return booking.Slot{ID: id, Institution: 1, Start: moment(t, date, clock), Vaccine: "mRNA", Capacity: 10}
	}
	first := at(1, "2021-08-26", "10:00")
	elsewhere := at(8, "2021-10-07", "10:00")
	elsewhere.Institution = 2
	other := at(9, "2021-10-07", "10:00")
	other.Vaccine = "vector"
	slots := []booking.Slot{
		first,
		at(2, "2021-10-06", "10:00"), // a day too early
		at(3, "2021-10-08", "10:00"), // a day late, right hour
		at(4, "2021-10-07", "14:00"),
		at(5, "2021-10-07", "09:30"),
		at(6, "2021-10-07", "10:00"),
		at(7, "2021-10-10", "10:00"), // later than the slack
		elsewhere, other,
	}
	var got []booking.SlotID
	for s := range booking.SecondDose(first, vaccine, slots) {
		got = append(got, s.ID)
	}
	if diff := cmp.Diff([]booking.SlotID{6, 5, 4, 3}, got); diff != "" {
		t.Errorf("second dose (-want +got):\n%s", diff)
	}
	vaccine.Doses = 1
	for s := range booking.SecondDose(first, vaccine, slots) {
		t.Errorf("a one-dose course got a second slot: %v", s)
	}
}

func TestAlternatives(t *testing.T) {
	here := booking.Institution{ID: 1, Province: "Seoul", District: "Mapo"}
	next := booking.Institution{ID: 2, Province: "Seoul", District: "Mapo"}
	across := booking.Institution{ID: 3, Province: "Seoul", District: "Guro"}
	far := booking.Institution{ID: 4, Province: "Jeju", District: "Jeju"}
	offer := func(id booking.SlotID, in booking.Institution, clock string, free int) booking.Offer {
		return booking.Offer{
			Slot:        booking.Slot{ID: id, Institution: in.ID, Start: moment(t, "2021-08-26", clock), Vaccine: "mRNA"},
			Institution: in, Free: free,
		}
	}
	want := offer(1, here, "10:00", 5).Slot
	offers := []booking.Offer{
		offer(1, here, "10:00", 5), offer(2, far, "10:00", 5), offer(3, across, "10:00", 5),
		offer(4, next, "10:30", 5), offer(5, here, "15:00", 1), offer(6, here, "11:00", 0),
	}
	var got []booking.SlotID
	for _, o := range booking.Alternatives(want, here, offers, 3) {
		got = append(got, o.Slot.ID)
	}
	if diff := cmp.Diff([]booking.SlotID{5, 4, 3}, got); diff != "" {
		t.Errorf("alternatives (-want +got):\n%s", diff)
	}
}

// However few are asked for and in whatever order the offers come, they are the nearest.
func TestFewAlternativesAreTheNearestOfMany(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	places := []booking.Institution{{ID: 1, Province: "p", District: "d"}, {ID: 2, Province: "p", District: "d"}, {ID: 3, Province: "p", District: "e"}, {ID: 4, Province: "q"}}
	offers := make([]booking.Offer, 200)
	for i := range offers {
		at := places[random.IntN(len(places))]
		offers[i] = booking.Offer{
			Slot:        booking.Slot{ID: booking.SlotID(i + 1), Institution: at.ID, Vaccine: "v", Start: booking.Moment(random.IntN(50))},
			Institution: at, Free: random.IntN(3),
		}
	}
	want := booking.Slot{ID: 999, Institution: 1, Vaccine: "v", Start: 25}
	all := booking.Alternatives(want, places[0], offers, len(offers))
	for n := range 20 {
		random.Shuffle(len(offers), func(i, j int) { offers[i], offers[j] = offers[j], offers[i] })
		if diff := cmp.Diff(all[:n], booking.Alternatives(want, places[0], offers, n)); diff != "" {
			t.Errorf("%d of them (-want +got):\n%s", n, diff)
		}
	}
}
