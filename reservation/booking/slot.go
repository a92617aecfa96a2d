package booking

import (
	"strconv"
	"time"
)

// SlotID names a slot. Like InstitutionID it crosses JSON as a string.
type SlotID int64

// ParseSlotID reads the decimal form.
func ParseSlotID(s string) (SlotID, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return 0, invalid("slot id must be a positive number")
	}
	return SlotID(n), nil
}

func (id SlotID) String() string { return strconv.FormatInt(int64(id), 10) }

// Pair lays the slots of a course out as two values, 0 where there is none.
func Pair(slots []SlotID) (first, second SlotID) {
	if len(slots) > 0 {
		first = slots[0]
	}
	if len(slots) > 1 {
		second = slots[1]
	}
	return first, second
}

// Unpair is the inverse of Pair; nil for no slots.
func Unpair(first, second SlotID) []SlotID {
	switch {
	case first == 0:
		return nil
	case second == 0:
		return []SlotID{first}
	}
	return []SlotID{first, second}
}

// Slot is a stretch of time in which an institution gives one vaccine to at
// most Capacity people.
type Slot struct {
	ID          SlotID
	Institution InstitutionID
	Start       Moment
	Vaccine     string
	Capacity    int
	WithdrawnMS int64 // unix milliseconds at which the institution took it off; 0 if it did not
}

// Moment is a civil local time in minutes since 1970-01-01 00:00. Slots hang on
// a wall at an institution: they have no time zone, and adding six weeks must
// never move the hour.
type Moment int64

const day = 24 * 60

// ParseMoment reads a date like 2021-08-26 and a time like 09:30.
func ParseMoment(date, clock string) (Moment, error) {
	d, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return 0, invalid("date must look like 2021-08-26")
	}
	c, err := time.Parse("15:04", clock)
	if err != nil {
		return 0, invalid("time must look like 09:30")
	}
	return Moment(d.Unix()/60) + Moment(c.Hour()*60+c.Minute()), nil
}

// Civil is the day, like 2021-08-26, and the time of day, like 09:30: parts of one
// text in the layout that is quick to write.
func (m Moment) Civil() (date, clock string) {
	text := time.Unix(int64(m)*60, 0).UTC().Format(time.RFC3339)
	return text[:len(time.DateOnly)], text[len(time.DateOnly)+1:][:len("15:04")]
}

// Date is the day alone.
func (m Moment) Date() string { date, _ := m.Civil(); return date }

// Clock is the time of day alone.
func (m Moment) Clock() string { _, clock := m.Civil(); return clock }

// AddDays moves by whole days and keeps the hour.
func (m Moment) AddDays(n int) Moment { return m + Moment(n)*day }

func (m Moment) dayNumber() int64 {
	n := int64(m) / day
	if int64(m)%day < 0 {
		n--
	}
	return n
}
