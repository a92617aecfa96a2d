package pages

import (
	"net/url"
	"slices"
)

// Step is where on their way people are; pages beside the way have none.
type Step int

// The steps, in order.
const (
	StepNone Step = iota
	StepIdentify
	StepWait
	StepChoose
	StepBooked
)

// Steps are all there are.
func (Frame) Steps() []Step { return []Step{StepIdentify, StepWait, StepChoose, StepBooked} }

// Limit is until when people may choose. It can be extended; see limit.js.
type Limit struct{ NowMS, UntilMS int64 }

// Home is the content of the page "home".
type Home struct {
	Cohorts []Cohort
	// Providers can be chosen to identify oneself.
	Providers []string
	LoggedIn  bool
	// Next is where to go on behind that, if not to the line.
	Next string
	// Problem is why identifying oneself did not work; its Code is empty when
	// nothing went wrong.
	Problem Problem
}

// Cohort is one part of the timetable.
type Cohort struct {
	ID, Name, BirthFrom, BirthTo string
	LastDigits                   []int
	LobbyMS, OpenMS, CloseMS     int64
	Phase, Order                 string
	Note                         string
}

// Line is the content of the page "line".
type Line struct {
	Cohort Cohort
	// HasPlace is false for someone who has not taken a place yet.
	HasPlace bool
	Seq      int64
	// Turn is 0 until it is drawn.
	Turn, Serving, Ahead int64
	// RateMilli is how many turns are called in a thousand seconds.
	RateMilli int64
	// WaitFromMS and WaitToMS are 0 when nothing can be said.
	WaitFromMS, WaitToMS int64
	State                string
	Called, BeyondSupply bool
	// Held is true while an operator makes the line stand still: nobody new
	// goes in.
	Held bool
	// Ticket is the signed place and Receipt the evidence for it.
	Ticket, Receipt string
	NowMS           int64
}

// Soon is true where the range told is within the next minute: clock times
// would say the same minute twice.
func (l Line) Soon() bool { return l.WaitToMS > 0 && l.WaitToMS-l.NowMS <= 60_000 }

// Waits is the script that keeps the page of a waiting person true; none for
// who is not waiting.
func (l Line) Waits() string {
	switch l.Situation() {
	case "early", "waiting", "paused":
		if l.HasPlace {
			return WaitScript
		}
	}
	return ""
}

// Shown is the phase as people are told it: a hold is a pause.
func (l Line) Shown() string {
	if l.Held && l.Cohort.Phase == "open" {
		return "paused"
	}
	return l.Cohort.Phase
}

// Situation is what matters to someone with a place: booked, closed, paused,
// called, waiting or, before the opening, early.
func (l Line) Situation() string {
	switch {
	case l.State == "booked":
		return "booked"
	case l.Cohort.Phase == "closed", l.Cohort.Phase == "paused":
		return l.Cohort.Phase
	case l.Held && l.Cohort.Phase == "open" && l.State != "claimed":
		return "paused"
	case l.Called:
		return "called"
	case l.Cohort.Phase == "open":
		return "waiting"
	}
	return "early"
}

// Verify is the content of the page "verify".
type Verify struct {
	Cohorts []Cohort
	// Chosen and Seq are filled in beforehand.
	Chosen, Seq string
}

// Institutions is the content of the page "institutions".
type Institutions struct {
	Province, District, Query string
	Provinces                 []string
	Found                     []Institution
	// Widened says that the district has nothing, and what was found is of the
	// whole province.
	Widened bool
	// Next is the cursor of the next page; empty on the last one.
	Next   string
	Errand Errand
}

// Errand is what somebody without a pass looks for a time for. The zero value
// is to book in one's own turn.
type Errand struct {
	// Of is one of the errands below, Number that of the booking it is about.
	Of, Number string
}

// The errands; each names the field that carries the number.
const (
	Change = "change" // move a live booking
	Rebook = "rebook" // book again after a cancelled one
)

// Moves reports whether a live booking is to be moved.
func (e Errand) Moves() bool { return e.Of == Change }

// Institution is a place to be vaccinated at.
type Institution struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Province string `json:"province"`
	District string `json:"district"`
	Free     int64  `json:"free"`
}

// Slots is the content of the page "slots".
type Slots struct {
	InstitutionID, Institution string
	Date                       string
	Free                       []Slot
	Next                       string
	Errand                     Errand
	// Taken is true when the slot chosen before was gone: Free then holds the
	// nearest alternatives.
	Taken bool
}

// Day is the slots of one day at one institution.
type Day struct {
	Date, Institution string
	Slots             []Slot
}

// Days are the slots under the day and institution they belong to, in the
// order given.
func (s Slots) Days() []Day {
	var days []Day
	for _, slot := range s.Free {
		i := slices.IndexFunc(days, func(d Day) bool { return d.Date == slot.Date && d.Institution == slot.Institution })
		if i < 0 {
			i = len(days)
			days = append(days, Day{Date: slot.Date, Institution: slot.Institution})
		}
		days[i].Slots = append(days[i].Slots, slot)
	}
	return days
}

// Slot is a time with free places.
type Slot struct {
	ID          string `json:"id"`
	SlotID      string `json:"slot_id"`
	Institution string `json:"institution"`
	Date        string `json:"date"`
	Time        string `json:"time"`
	Vaccine     string `json:"vaccine"`
	Free        int64  `json:"free"`
}

// Choice is the identifier to book the slot by, however its list names it.
func (s Slot) Choice() string {
	if s.SlotID != "" {
		return s.SlotID
	}
	return s.ID
}

// Review is the content of the page "review": what will be booked.
type Review struct {
	Slot   string `json:"-"`
	Errand Errand `json:"-"`
	// Key makes sending the form twice one booking.
	Key   string `json:"-"`
	Doses []Dose `json:"doses"`
}

// What has just been done, in the address that shows it.
const (
	DoneBooked    = "booked"
	DoneChanged   = "changed"
	DoneCancelled = "cancelled"
)

// Bookings is the content of the page "bookings".
type Bookings struct {
	Bookings []Booking
	// Done is what has just been done; the page is then its confirmation.
	Done string
	// Rebook is the number of a cancelled booking to book again after without
	// a new turn; empty where there is none.
	Rebook string
	// HasPass is true for who is in and has not booked.
	HasPass bool
}

// Cancel is the content of the page "cancel".
type Cancel struct {
	Booking Booking
	Key     string
}

// Booking is one live booking of the person.
type Booking struct {
	Number string `json:"number"`
	Doses  []Dose `json:"doses"`
}

// Withdrawn reports whether the institution has taken off one of the times.
func (b Booking) Withdrawn() bool {
	return slices.ContainsFunc(b.Doses, func(d Dose) bool { return d.Withdrawn })
}

// Dose is one appointment of a booking.
type Dose struct {
	Dose          int    `json:"dose"`
	InstitutionID string `json:"institution_id"`
	Institution   string `json:"institution"`
	Date          string `json:"date"`
	Time          string `json:"time"`
	Vaccine       string `json:"vaccine"`
	Withdrawn     bool   `json:"withdrawn"`
}

// Problem is the content of the page "problem".
type Problem struct {
	Code, Detail string
	// Reason is why somebody may not book, and Appeal what they can do about it.
	Reason, Appeal string
	// System is whom people are waiting for, where that is known, and Works what
	// goes on without it.
	System string
	Works  []string
	RetryS int64
	// Again asks the same once more; nil where that would not help.
	Again *Again
	// Back is where to go on from here.
	Back string
}

// BackName names where Back leads.
func (p Problem) BackName() string {
	switch p.Back {
	case "/":
		return "start"
	case "/bookings":
		return "bookings"
	}
	return "line"
}

// Again is a request that can be repeated.
type Again struct {
	Path   string
	Fields url.Values
	// Get says that it only asked for a page.
	Get bool
}
