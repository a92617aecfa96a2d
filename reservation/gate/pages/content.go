package pages

// Home is the content of the page "home".
type Home struct {
	NowMS   int64
	Cohorts []Cohort
	// Providers can be chosen where the identity issuer is synthetic; Typed is
	// what was typed before, so that nothing is typed twice.
	Synthetic bool
	Providers []string
	Typed     Typed
	Provinces []string
	// Problem is why identifying oneself did not work; its Code is empty when
	// nothing went wrong.
	Problem Problem
}

// Cohort is one row of the timetable.
type Cohort struct {
	ID, Name, BirthFrom, BirthTo string
	LastDigits                   []int
	LobbyMS, OpenMS, CloseMS     int64
	Phase, Order                 string
	Note                         string
}

// Typed is what a synthetic person has typed.
type Typed struct {
	Provider, Name, Birth, Digits, Phone, Province string
}

// Line is the content of the page "line".
type Line struct {
	Cohort Cohort
	// HasPlace is false for someone who has not taken a place yet.
	HasPlace bool
	Seq      int64
	// Turn is 0 until it is drawn.
	Turn, Serving, Ahead int64
	// WaitFromMS and WaitToMS are 0 when nothing can be said.
	WaitFromMS, WaitToMS int64
	State                string
	Called, BeyondSupply bool
	// Ticket is the signed place and Receipt the evidence for it.
	Ticket, Receipt string
	NowMS           int64
	// Renews is true when the page renews itself.
	Renews bool
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
	// Next is the cursor of the next page; empty on the last one.
	Next string
	// Change is the number of the booking to be moved; empty to book anew.
	Change string
}

// Institution is a place to be vaccinated at.
type Institution struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Province string `json:"province"`
	District string `json:"district"`
}

// Slots is the content of the page "slots".
type Slots struct {
	Institution string
	Date        string
	Free        []Slot
	Next        string
	Change      string
	// Taken is true when the slot chosen before was gone: Free then holds the
	// nearest alternatives.
	Taken bool
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
	// Key makes sending the form twice one booking.
	Key string `json:"-"`
}

// Choice is the identifier to book the slot by, however its list names it.
func (s Slot) Choice() string {
	if s.SlotID != "" {
		return s.SlotID
	}
	return s.ID
}

// Bookings is the content of the page "bookings".
type Bookings struct {
	// Fresh is true right after booking: the page is then the confirmation.
	Fresh    bool
	Bookings []Booking
	// HasPass allows looking for another time.
	HasPass bool
}

// Booking is one live booking of the person.
type Booking struct {
	Number string `json:"number"`
	Doses  []Dose `json:"doses"`
	Key    string `json:"-"`
}

// Dose is one appointment of a booking.
type Dose struct {
	Dose        int    `json:"dose"`
	Institution string `json:"institution"`
	Date        string `json:"date"`
	Time        string `json:"time"`
	Vaccine     string `json:"vaccine"`
}

// Problem is the content of the page "problem".
type Problem struct {
	Code, Detail string
	// System is whom people are waiting for, where that is known.
	System, Appeal string
	RetryS         int64
	// Back is where to go on from here.
	Back string
}
