package rush

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/rush/population"
)

// Demand sizes a world.
type Demand struct {
	People   int
	Seed     uint64
	FirstDay time.Time // of the first doses; only its date counts
	// Ratio is supply over demand; zero stands for [DefaultRatio].
	Ratio float64
	// Places of a slot; zero stands for ten.
	Places int
}

// DefaultRatio leaves some slots free, as a well-prepared evening would: with
// exactly one dose a person the last ones would search for ever.
const DefaultRatio = 1.15

// Institutions in the whole country, for the whole of [population.Eligible];
// how a day is cut into slots is an assumption.
const (
	countryInstitutions = 16_000
	slotPlaces          = 10
	slotMinutes         = 30
)

// openings are the minutes of the day at which an institution's slots begin:
// nine to six with an hour at noon.
func openings() (at []booking.Moment) {
	for m := booking.Moment(9 * 60); m < 18*60; m += slotMinutes {
		if m < 12*60+30 || m >= 13*60+30 {
			at = append(at, m)
		}
	}
	return at
}

var vaccines = []booking.Vaccine{
	{ID: "comirnaty", Doses: 2, IntervalDays: 42, SlackDays: 6},
	{ID: "spikevax", Doses: 2, IntervalDays: 42, SlackDays: 6},
}

// World builds the institutions and slots for a demand: each province gets
// institutions and doses in proportion to its people, at least one
// institution, and as many days as its doses take. Of each institution's slots
// those for first doses come first and then their counterparts for the second,
// an interval later.
func World(d Demand) ledger.Catalog {
	if d.Ratio == 0 {
		d.Ratio = DefaultRatio
	}
	country := 0
	for _, p := range population.Provinces() {
		country += p.People
	}
	if d.Places == 0 {
		d.Places = slotPlaces
	}
	b := builder{places: d.Places, first: firstMoment(d.FirstDay), hours: openings(), random: rand.New(rand.NewPCG(d.Seed, 0))}
	b.Vaccines = vaccines
	for _, p := range population.Provinces() {
		share := float64(p.People) / float64(country)
		sites := max(1, int(math.Round(float64(countryInstitutions)*float64(d.People)/population.Eligible*share)))
		// Two standard deviations on top of what is expected, so that chance in
		// a small province does not use up the ratio's margin.
		people := float64(d.People) * share
		doses := int(math.Ceil(people*d.Ratio + 2*math.Sqrt(people)))
		b.province(p.Name, sites, doses)
	}
	return b.Catalog
}

// builder accumulates a world and numbers what it adds.
type builder struct {
	ledger.Catalog
	places int // of a slot
	first  booking.Moment
	hours  []booking.Moment
	random *rand.Rand
}

func (b *builder) province(name string, sites, doses int) {
	local := districts[name]
	slots := (doses + b.places - 1) / b.places
	for site := range sites {
		district := local[site%len(local)]
		at := booking.Institution{
			ID:       booking.InstitutionID(len(b.Institutions) + 1),
			Name:     fmt.Sprintf("%s Clinic %d", district, site/len(local)+1),
			Province: name,
			District: district,
		}
		b.Institutions = append(b.Institutions, at)
		// The first sites take one slot more where they do not divide evenly.
		b.slots(at.ID, slots/sites+min(1, max(0, slots%sites-site)))
	}
}

// slots adds n slots for first doses, day after day, and n for second doses at
// the same hours an interval later.
func (b *builder) slots(at booking.InstitutionID, n int) {
	vaccine := vaccines[b.random.IntN(len(vaccines))]
	for _, shift := range []int{0, vaccine.IntervalDays} {
		day := b.first.AddDays(shift)
		for i := range n {
			hour := i % len(b.hours)
			if i > 0 && hour == 0 {
				day = day.AddDays(1)
			}
			if sunday(day) {
				day = day.AddDays(1)
			}
			b.Slots = append(b.Slots, booking.Slot{
				ID:          booking.SlotID(len(b.Slots) + 1),
				Institution: at,
				Start:       day + b.hours[hour],
				Vaccine:     vaccine.ID,
				Capacity:    b.places,
			})
		}
	}
}

func firstMoment(day time.Time) booking.Moment {
	y, m, d := day.Date()
	return booking.Moment(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 60)
}

// sunday tells whether clinics are closed. The first of January 1970, moment
// zero, was a Thursday.
func sunday(m booking.Moment) bool { return (m/(24*60)+4)%7 == 0 }
