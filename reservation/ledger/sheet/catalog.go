package sheet

import (
	"errors"
	"io"
	"strings"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// File is a sheet under the name it is told by.
type File struct {
	Name string
	In   io.Reader
}

// Sheets are what an import consists of.
type Sheets struct {
	Vaccines     File // id,doses,interval_days,slack_days
	Institutions File // id,name,province,district
	Slots        File // id,institution,date,time,vaccine,capacity
}

// Read reads a catalog. The error joins an [Error] for every mistake.
func Read(s Sheets) (ledger.Catalog, error) {
	var c catalog
	err := errors.Join(
		read(s.Vaccines.Name, s.Vaccines.In, []string{"id", "doses", "interval_days", "slack_days"}, c.vaccine),
		read(s.Institutions.Name, s.Institutions.In, []string{"id", "name", "province", "district"}, c.institution),
	)
	err = errors.Join(err, read(s.Slots.Name, s.Slots.In, []string{"id", "institution", "date", "time", "vaccine", "capacity"}, c.slot))
	if err == nil {
		err = c.Validate()
	}
	return c.Catalog, err
}

// catalog remembers on which line each id stood.
type catalog struct {
	ledger.Catalog
	vaccines     map[string]int
	institutions map[booking.InstitutionID]int
	slots        map[booking.SlotID]int
}

// first notes an id and complains about a second line for it.
func first[K comparable](r row, seen *map[K]int, id K) {
	if *seen == nil {
		*seen = map[K]int{}
	}
	if line, ok := (*seen)[id]; ok {
		r.fail("id", "%v stands on line %d already", id, line)
	}
	(*seen)[id] = r.line
}

func (c *catalog) vaccine(r row) {
	v := booking.Vaccine{ID: r.text("id"), Doses: int(r.number("doses", 1, 2))}
	v.IntervalDays, v.SlackDays = int(r.number("interval_days", 0, 3650)), int(r.number("slack_days", 0, 3650))
	if err := v.Validate(); err != nil {
		r.fail("", "%v", err)
	}
	first(r, &c.vaccines, v.ID)
	c.Vaccines = append(c.Vaccines, v)
}

const mostID = 1<<53 - 1 // what JSON numbers carry safely

func (c *catalog) institution(r row) {
	in := booking.Institution{ID: booking.InstitutionID(r.number("id", 1, mostID)), Name: r.text("name")}
	in.Province, in.District = r.text("province"), r.perhaps("district")
	first(r, &c.institutions, in.ID)
	c.Institutions = append(c.Institutions, in)
}

func (c *catalog) slot(r row) {
	s := booking.Slot{ID: booking.SlotID(r.number("id", 1, mostID)), Institution: booking.InstitutionID(r.number("institution", 1, mostID))}
	s.Vaccine, s.Capacity = r.text("vaccine"), int(r.number("capacity", 0, 1_000_000))
	var err error
	if s.Start, err = booking.ParseMoment(strings.TrimSpace(r.fields["date"]), strings.TrimSpace(r.fields["time"])); err != nil {
		r.fail("date, time", "%v", err)
	}
	if _, ok := c.institutions[s.Institution]; !ok {
		r.fail("institution", "%d is in no sheet of institutions", s.Institution)
	}
	if _, ok := c.vaccines[s.Vaccine]; !ok && s.Vaccine != "" {
		r.fail("vaccine", "%q is in no sheet of vaccines", s.Vaccine)
	}
	first(r, &c.slots, s.ID)
	c.Slots = append(c.Slots, s)
}
