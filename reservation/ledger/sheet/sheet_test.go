package sheet_test

import (
	"strings"
	"testing"

	"sunbeon/reservation/ledger/sheet"
)

const (
	vaccines     = "id,doses,interval_days,slack_days\nmRNA,2,42,3\n"
	institutions = "\ufeffID,Name,Province,District\n1,\"Kim, Lee Clinic\",Seoul,Mapo-gu\n2,밝은의원,Jeju,\n"
	slots        = "id,institution,date,time,vaccine,capacity,remark\n7,1,2021-08-26,09:30,mRNA,10,\n8,2,2021-10-07,09:30,mRNA,0,closed\n"
)

func sheets(vaccines, institutions, slots string) sheet.Sheets {
	return sheet.Sheets{
		Vaccines:     sheet.File{Name: "vaccines.csv", In: strings.NewReader(vaccines)},
		Institutions: sheet.File{Name: "institutions.csv", In: strings.NewReader(institutions)},
		Slots:        sheet.File{Name: "slots.csv", In: strings.NewReader(slots)},
	}
}

func TestRead(t *testing.T) {
	c, err := sheet.Read(sheets(vaccines, institutions, slots))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Slots) != 2 || c.Slots[0].Start.Date()+" "+c.Slots[0].Start.Clock() != "2021-08-26 09:30" || c.Institutions[0].Name != "Kim, Lee Clinic" {
		t.Errorf("read %+v", c)
	}
}

// Names are found however the spreadsheet spelled them, and spaces do not matter.
func TestSpellingsOfOneName(t *testing.T) {
	c, err := sheet.Read(sheets(vaccines, "id,name,province,district\n1,\u1106\u1161\u1111\u1169 Clinic , Seoul,Mapo-gu \n2,x,Jeju,\n",
		"id,institution,date,time,vaccine,capacity\n 7, 1 , 2021-08-26 , 09:30 , mRNA , 10 \n"))
	if err != nil {
		t.Fatal(err)
	}
	if in := c.Institutions[0]; in.Name != "마포 Clinic" || in.Province != "Seoul" || in.District != "Mapo-gu" {
		t.Errorf("read %+q", in)
	}
}

func TestEmptyLinesBelowASheetAreNothing(t *testing.T) {
	c, err := sheet.Read(sheets(vaccines, institutions, slots+"\n,,,,,,\n , ,,,,,\n,\n"))
	if err != nil || len(c.Slots) != 2 {
		t.Errorf("read %+v, %v", c.Slots, err)
	}
}

func TestEveryMistakeIsToldWithItsLine(t *testing.T) {
	f := func(s sheet.Sheets, want ...string) {
		t.Helper()
		_, err := sheet.Read(s)
		if err == nil {
			t.Errorf("no error, want %q", want)
			return
		}
		for _, words := range want {
			if !strings.Contains(err.Error(), words) {
				t.Errorf("error %q does not say %q", err, words)
			}
		}
	}
	f(sheets(vaccines, institutions, slots+"9,1,2021-02-30,09:30,mRNA,10,\nx,3,2021-08-26,25:00,snake oil,-1,\n"),
		"slots.csv:4: date, time:", "slots.csv:5: id:", "slots.csv:5: institution: 3 is in no sheet", "slots.csv:5: capacity:", `slots.csv:5: vaccine: "snake oil"`)
	f(sheets(vaccines, institutions, slots+"7,1,2021-08-26,10:30,mRNA,10,\n"), "slots.csv:4: id: 7 stands on line 2")
	f(sheets(vaccines, institutions, slots+"9,1\n"), "slots.csv:4: has 2 fields, the header has 7")
	f(sheets(vaccines, "id,name\n1,x\n", slots), "institutions.csv:1: province: the header does not name")
	f(sheets("id,doses,interval_days,slack_days\nmRNA,2,0,0\n", institutions, slots), "vaccines.csv:2: vaccine mRNA: interval must be positive")
	f(sheets(vaccines, institutions, "id,institution\n\"7,1\n"), "slots.csv:2:")
	_, err := sheet.Read(sheets("id,doses\nmRNA,2\n", institutions, slots))
	if got := strings.Count(err.Error(), "vaccines.csv:"); got != 2 {
		t.Errorf("two columns are missing, told in %d lines: %v", got, err)
	}
	f(sheets(vaccines, institutions, ""), "slots.csv:1: no header line")
	f(sheets(vaccines, institutions+"3,\"two\nlines\",Seoul,\n4,x,Seoul,\"\a\"\n", slots),
		"institutions.csv:4: name: holds a line break", "institutions.csv:6: district: holds a line break")
	f(sheets(vaccines, institutions, slots+strings.Repeat("x,1,2021-08-26,10:30,mRNA,10,\n", 500)), "too many mistakes")
}

func FuzzRead(f *testing.F) {
	f.Add(vaccines, institutions, slots)
	f.Add("id\n\"", "", "\ufeff")
	f.Fuzz(func(t *testing.T, v, i, s string) {
		c, err := sheet.Read(sheets(v, i, s))
		if err == nil && c.Validate() != nil {
			t.Fatalf("accepted a catalog that makes no sense: %+v", c)
		}
	})
}
